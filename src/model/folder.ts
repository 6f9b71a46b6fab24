import { fileURLToPath } from "node:url";
import { findModels, modelsIn } from "./installed.ts";
import { entryOf } from "./location.ts";
import { type Decoders, type Models, modelsOf } from "./models.ts";

export type { Decoders, ModelSummary, Models, ModelsOf } from "./models.ts";

/** Where the models of a checkout lie, unless ZIPPYNET_MODELS names another folder. */
export function modelsFolder(): string {
  return process.env["ZIPPYNET_MODELS"] ?? fileURLToPath(new URL("../../models", import.meta.url));
}

/**
 * Reads the manifests of a folder of models, or of those that are installed; throws `bad-model` if there are none or
 * two share a number or name. The code that loads a model is loaded when the first is asked for.
 */
export async function openModels(folder?: string): Promise<Models> {
  return modelsOf((await located(folder)).map(entryOf), async (read) =>
    (await import("./load.ts")).loadModel(read),
  );
}

/** The same for who only decodes. */
export async function openDecoders(folder?: string): Promise<Decoders> {
  return modelsOf((await located(folder)).map(entryOf), async (read) =>
    (await import("./load.ts")).loadDecoder(read),
  );
}

function located(folder: string | undefined) {
  return folder === undefined ? findModels() : modelsIn(folder);
}
