import type { IntegerConvolution } from "../codec/integer/convolution.ts";
import { ANALYSIS_ENDS, inIntegers, priorInIntegers, SYNTHESIS_ENDS } from "../codec/integer/convolution.ts";
import { IntegerLayers } from "../codec/integer/integer-layers.ts";
import type { Decoder, Model } from "../codec/model.ts";
import type { Architecture } from "../codec/network/architecture.ts";
import { Relaxation } from "../codec/rdo/relaxation.ts";
import { type Blobs, DECODER_BLOBS, type ReadFile, readBlobs } from "./blobs.ts";
import { BLOBS, type Manifest } from "./manifest.ts";
import {
  analysisWeights,
  type PriorWeights,
  priorWeights,
  synthesisWeights,
  type TransformWeights,
} from "./weights.ts";

/**
 * Loads a model: checks its manifest, the hash of each blob, types and shapes of all tensors, and proves that no sum of
 * its integers overflows. Throws `bad-model` on the first that does not hold.
 * @example
 * const model = await loadModel((name) => readFile(join(folder, name)));
 */
export async function loadModel(read: ReadFile): Promise<Model> {
  const { manifest, blobs } = await readBlobs(BLOBS, read);
  return buildModel(manifest, blobs);
}

/** Loads what decoding needs of a model: all but `g_a`, which is not read. Throws as `loadModel`. */
export async function loadDecoder(read: ReadFile): Promise<Decoder> {
  const { manifest, blobs } = await readBlobs(DECODER_BLOBS, read);
  return buildDecoder(manifest, blobs);
}

type Described = Pick<Manifest, "number" | "name" | "architecture" | "orientations">;

/** A model from its tensors; throws `bad-model`. */
export function buildModel(manifest: Described, blobs: Blobs): Model {
  const { architecture } = manifest;
  const { layers, gain } = analysisWeights(blobs.g_a, architecture);
  const analysis = new IntegerLayers(inIntegers(layers, ANALYSIS_ENDS));
  const weights = decoderWeights(architecture, blobs);
  const decoder = decoderOf(manifest, weights);
  let relaxation: Relaxation | undefined; // takes much memory, and only efforts from 2 on need it
  return {
    ...decoder,
    analysis,
    gain,
    relaxation() {
      relaxation ??= new Relaxation(
        architecture,
        weights.synthesisLayers,
        weights.priorLayers,
        decoder.tables,
      );
      return relaxation;
    },
    dispose() {
      analysis.dispose();
      relaxation = undefined;
      decoder.dispose();
    },
  };
}

/** A decoder from its tensors; throws `bad-model`. */
export function buildDecoder(manifest: Described, blobs: Pick<Blobs, "g_s" | "prior">): Decoder {
  return decoderOf(manifest, decoderWeights(manifest.architecture, blobs));
}

interface DecoderWeights {
  readonly synthesis: TransformWeights;
  readonly synthesisLayers: ReadonlyMap<string, IntegerConvolution>;
  readonly prior: PriorWeights;
  readonly priorLayers: ReadonlyMap<string, IntegerConvolution>;
}

function decoderWeights(architecture: Architecture, blobs: Pick<Blobs, "g_s" | "prior">): DecoderWeights {
  const synthesis = synthesisWeights(blobs.g_s, architecture);
  const prior = priorWeights(blobs.prior, architecture);
  return {
    synthesis,
    synthesisLayers: inIntegers(synthesis.layers, SYNTHESIS_ENDS),
    prior,
    priorLayers: priorInIntegers(architecture, prior.layers),
  };
}

function decoderOf(
  { number, name, architecture, orientations }: Described,
  weights: DecoderWeights,
): Decoder {
  const synthesis = new IntegerLayers(weights.synthesisLayers);
  const prior = new IntegerLayers(weights.priorLayers);
  return {
    number,
    name,
    architecture,
    orientations,
    synthesis,
    prior,
    tables: weights.prior.tables,
    inverseGain: weights.synthesis.gain,
    levels: weights.prior.levels,
    dispose() {
      synthesis.dispose();
      prior.dispose();
    },
  };
}
