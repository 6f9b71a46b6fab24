import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ZippyNetError } from "../codec/errors.ts";
import { filesOf, parseManifest } from "./manifest.ts";
import {
  type Decoders,
  fetchFile,
  type ModelEntry,
  type ModelLocation,
  type Models,
  modelsOf,
  summaryOf,
} from "./models.ts";

export type { Decoders, ModelSummary, Models, ModelsOf } from "./models.ts";

const CHECKOUT = fileURLToPath(new URL("../../models", import.meta.url));

/** The folder that ZIPPYNET_MODELS names; an empty value names none. */
function namedFolder(): string | undefined {
  return process.env["ZIPPYNET_MODELS"] || undefined;
}

/** The folder of the models: the one that ZIPPYNET_MODELS names, else that of the checkout. */
export function modelsFolder(): string {
  return namedFolder() ?? CHECKOUT;
}

/**
 * Reads the manifests of a folder of models, or of those that are installed; throws `bad-model` if there are none or
 * two share a number or name. The code that loads a model is loaded when the first is asked for.
 * @param only if given, the names of the models to take; throws `unknown-model` if one is not there
 */
export async function openModels(folder?: string, only?: readonly string[]): Promise<Models> {
  const entries = (await located(folder)).map(entryOf);
  const missing = only?.filter((name) => !entries.some((entry) => entry.name === name)) ?? [];
  if (missing.length > 0) {
    const names = entries.map(({ name }) => name).join(", ");
    throw new ZippyNetError("unknown-model", `expected also the models ${missing.join(", ")}, got ${names}`);
  }
  const taken = only ? entries.filter(({ name }) => only.includes(name)) : entries;
  return modelsOf(taken, async (read) => (await import("./load-model.ts")).loadModel(read));
}

/** As `openModels`, for decoding only. */
export async function openDecoders(folder?: string): Promise<Decoders> {
  return modelsOf((await located(folder)).map(entryOf), async (read) =>
    (await import("./load-decoder.ts")).loadDecoder(read),
  );
}

function located(folder: string | undefined) {
  return folder === undefined ? findModels() : modelsIn(folder);
}

/**
 * The models that a program finds by default: those of the folder ZIPPYNET_MODELS, else of this checkout, else
 * the packages `@zippynet/model-NAME` that are installed beside this one or where the program runs, and the one that
 * this package brings. Throws `bad-model` if there are none.
 */
export async function findModels(): Promise<ModelLocation[]> {
  const named = namedFolder();
  if (named !== undefined) return modelsIn(named);
  const checkout = await modelsIn(CHECKOUT).catch(() => []);
  if (checkout.length > 0) return checkout;
  const { packagedModels } = await import("./packages.ts"); // neither a checkout nor a function needs it
  return packagedModels(locationOf);
}

/** The models of a folder, one sub-folder each. Throws `bad-model` if there are none. */
export async function modelsIn(folder: string): Promise<ModelLocation[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new ZippyNetError("bad-model", `expected a folder of models at ${folder}`, { cause });
  });
  const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
  const found = await Promise.all(folders.map(({ name }) => locationOf(join(folder, name))));
  const models = found.filter((location) => location !== undefined);
  if (models.length === 0) throw new ZippyNetError("bad-model", `expected models in ${folder}, found none`);
  return models;
}

/** A folder with a manifest and the weights that it names; none where there is no manifest. Throws `bad-model`. */
export async function locationOf(folder: string): Promise<ModelLocation | undefined> {
  const manifest = await readFile(join(folder, "manifest.json"), "utf8").catch(() => undefined);
  if (manifest === undefined) return undefined;
  const names = filesOf(parseManifest(manifest));
  return {
    manifest,
    files: Object.fromEntries(names.map((name) => [name, pathToFileURL(join(folder, name)).href])),
  };
}

export function entryOf({ manifest, files }: ModelLocation): ModelEntry {
  const summary = summaryOf(parseManifest(manifest));
  const read = async (file: string): Promise<Uint8Array> => {
    if (file === "manifest.json") return new TextEncoder().encode(manifest);
    const place = files[file];
    if (place === undefined)
      throw new ZippyNetError(
        "bad-model",
        `${summary.name}: expected the file ${file}, got ${Object.keys(files)}`,
      );
    return typeof place === "string" ? readUrl(place) : place;
  };
  return { ...summary, read };
}

async function readUrl(url: string): Promise<Uint8Array> {
  if (url.startsWith("file:")) {
    const read = async (): Promise<Uint8Array> => readFile(fileURLToPath(url));
    return read().catch((cause: unknown) => {
      throw new ZippyNetError("bad-model", `expected a file of a model at ${url}: ${cause}`, { cause });
    });
  }
  return fetchFile(url);
}
