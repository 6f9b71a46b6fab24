import { ANALYSIS_ENDS, inIntegers } from "../codec/integer/convolution.ts";
import { IntegerLayers } from "../codec/integer/integer-layers.ts";
import type { Model } from "../codec/model.ts";
import type { Look } from "../codec/network/architecture.ts";
import { Relaxation } from "../codec/rdo/relaxation.ts";
import {
  type Blobs,
  type Described,
  decoderOf,
  decoderWeights,
  type ReadFile,
  readBlobs,
} from "./load-decoder.ts";
import { BLOBS } from "./manifest.ts";
import { analysisWeights } from "./weights.ts";

/**
 * Loads a model: checks its manifest, the hash of each blob, types and shapes of all tensors, and proves that no sum of
 * its integers overflows. Throws `bad-model` on the first that does not hold.
 * @example
 * const model = await loadModel((name) => readFile(join(folder, name)));
 */
export async function loadModel(read: ReadFile): Promise<Model> {
  const { manifest, blobs } = await readBlobs(BLOBS, read);
  return buildModel(manifest, blobs, read);
}

/** A model from its tensors; throws `bad-model`. @param read gives the files of further looks */
export function buildModel(manifest: Described, blobs: Blobs, read?: ReadFile): Model {
  const { architecture } = manifest;
  const { layers, gain } = analysisWeights(blobs.g_a, architecture);
  const analysis = new IntegerLayers(inIntegers(layers, ANALYSIS_ENDS));
  const weights = decoderWeights(architecture, blobs);
  const relaxations = new Map<Look, Relaxation>(); // they take much memory, and only efforts from 2 on need one
  return decoderOf(manifest, weights, read, (decoder, synthesisLayers) => ({
    ...decoder,
    analysis,
    gain,
    relaxation() {
      const { look, tables } = decoder;
      const relaxation =
        relaxations.get(look) ?? new Relaxation(architecture, synthesisLayers, weights.priorLayers, tables);
      relaxations.set(look, relaxation);
      return relaxation;
    },
    dispose() {
      analysis.dispose();
      relaxations.clear();
      decoder.dispose();
    },
  }));
}
