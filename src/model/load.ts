import type { SymbolTables } from "../codec/entropy/symbol-tables.ts";
import type { IntegerConvolution } from "../codec/integer/convolution.ts";
import { ANALYSIS_ENDS, inIntegers, priorInIntegers, SYNTHESIS_ENDS } from "../codec/integer/fixed-point.ts";
import { IntegerLayers } from "../codec/integer/integer-layers.ts";
import type { Decoder, Model } from "../codec/model.ts";
import type { Architecture } from "../codec/network/architecture.ts";
import { analysisShapes, synthesisShapes } from "../codec/network/transforms.ts";
import { Relaxation } from "../codec/rdo/relaxation.ts";
import { type Blobs, DECODER_BLOBS, type ReadFile, readBlobs } from "./blobs.ts";
import { BLOBS, type Manifest } from "./manifest.ts";
import type { SafeTensors } from "./safetensors.ts";
import { gains, priorLayers, qualityLevels, symbolTables, transformLayers } from "./weights.ts";

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
  const networks = decoderNetworks(architecture, blobs);
  const decoder = decoderOf(manifest, blobs, networks);
  const analysis = new IntegerLayers(
    inIntegers(transformLayers(blobs.g_a, analysisShapes(architecture)), ANALYSIS_ENDS),
  );
  const gain = gains(blobs.g_a, "gain", architecture);
  let relaxation: Relaxation | undefined; // takes much memory, and only efforts from 2 on need it
  return {
    ...decoder,
    analysis,
    gain,
    relaxation() {
      relaxation ??= new Relaxation(architecture, networks.synthesis, networks.prior, networks.tables);
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
  return decoderOf(manifest, blobs, decoderNetworks(manifest.architecture, blobs));
}

interface DecoderNetworks {
  readonly synthesis: ReadonlyMap<string, IntegerConvolution>;
  readonly prior: ReadonlyMap<string, IntegerConvolution>;
  readonly tables: SymbolTables;
}

function decoderNetworks(
  architecture: Architecture,
  { g_s, prior }: { readonly g_s: SafeTensors; readonly prior: SafeTensors },
): DecoderNetworks {
  return {
    synthesis: inIntegers(transformLayers(g_s, synthesisShapes(architecture)), SYNTHESIS_ENDS),
    prior: priorInIntegers(architecture, priorLayers(prior, architecture)),
    tables: symbolTables(prior),
  };
}

function decoderOf(
  { number, name, architecture, orientations }: Described,
  blobs: Pick<Blobs, "g_s" | "prior">,
  networks: DecoderNetworks,
): Decoder {
  const synthesis = new IntegerLayers(networks.synthesis);
  const prior = new IntegerLayers(networks.prior);
  return {
    number,
    name,
    architecture,
    orientations,
    synthesis,
    prior,
    tables: networks.tables,
    inverseGain: gains(blobs.g_s, "inverse_gain", architecture),
    levels: qualityLevels(blobs.prior),
    dispose() {
      synthesis.dispose();
      prior.dispose();
    },
  };
}
