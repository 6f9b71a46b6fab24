import { infoOfModel, type ModelInfo } from "../../api/models.ts";
import { modelsOf } from "./client.ts";
import { decoderPlace } from "./decoder-place.ts";

/** The models that a page has, by number. Throws `bad-model` if there are none. */
export async function listModels(): Promise<ModelInfo[]> {
  const models = await modelsOf(decoderPlace);
  return models
    .map(({ manifest }) => infoOfModel(JSON.stringify(manifest)))
    .sort((a, b) => a.number - b.number);
}
