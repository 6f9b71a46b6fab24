import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ZippyNetError } from "../codec/errors.ts";
import type { Decoder, Model } from "../codec/model.ts";
import type { ReadFile } from "./blobs.ts";
import { loadDecoder, loadModel } from "./load.ts";
import { type Manifest, parseManifest } from "./manifest.ts";

/** The models of a folder, one sub-folder each; a model is loaded when first asked for, and kept. */
export interface ModelsOf<M extends Decoder> {
  /** What is here, by number. */
  list(): readonly ModelSummary[];
  /** Throws `unknown-model` if the number is not here. */
  byNumber(number: number): Promise<M>;
  byName(name: string): Promise<M>;
  /** The one of the lowest number. */
  default(): Promise<M>;
  /** The model of a name, or all for `auto`. */
  choose(name: string): Promise<readonly M[]>;
}

export type Models = ModelsOf<Model>;
/** The same without what only encoding needs, which is not read. */
export type Decoders = ModelsOf<Decoder>;

export type ModelSummary = Pick<Manifest, "number" | "name" | "description">;

/** Where models lie unless told: what ZIPPYNET_MODELS names, else the package's own. */
export function modelsFolder(): string {
  return process.env["ZIPPYNET_MODELS"] ?? fileURLToPath(new URL("../../models", import.meta.url));
}

/** Reads the manifests of a folder of models; throws `bad-model` if there are none or two share a number or name. */
export function openModels(folder: string = modelsFolder()): Promise<Models> {
  return open(folder, loadModel);
}

/** The same for who only decodes. */
export function openDecoders(folder: string = modelsFolder()): Promise<Decoders> {
  return open(folder, loadDecoder);
}

async function open<M extends Decoder>(
  folder: string,
  loadFrom: (read: ReadFile) => Promise<M>,
): Promise<ModelsOf<M>> {
  const found = await readManifests(folder);
  const loaded = new Map<number, Promise<M>>();
  const load = ({ number, folder }: Found): Promise<M> => {
    let model = loaded.get(number);
    if (!model) {
      model = loadFrom((file) => readFile(join(folder, file)));
      model.catch(() => loaded.delete(number)); // a failed load is tried again
      loaded.set(number, model);
    }
    return model;
  };
  const known = found.map(({ number, name }) => `${number} (${name})`).join(", ");
  const find = async (what: string, matches: (model: Found) => boolean): Promise<M> => {
    const model = found.find(matches);
    if (!model) throw new ZippyNetError("unknown-model", `expected one of the models ${known}, got ${what}`);
    return load(model);
  };
  const byName = (name: string) => find(`"${name}"`, (model) => model.name === name);
  return {
    list: () => found.map(({ number, name, description }) => ({ number, name, description })),
    byNumber: (number) => find(`number ${number}`, (model) => model.number === number),
    byName,
    default: () => load(found[0]!),
    choose: async (name) => (name === "auto" ? Promise.all(found.map(load)) : [await byName(name)]),
  };
}

type Found = ModelSummary & { readonly folder: string };

async function readManifests(folder: string): Promise<Found[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new ZippyNetError("bad-model", `expected a folder of models at ${folder}`, { cause });
  });
  const found: Found[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory() && !entry.isSymbolicLink()) continue;
    const path = join(folder, entry.name);
    const json = await readFile(join(path, "manifest.json"), "utf8").catch(() => undefined);
    if (json === undefined) continue;
    const { number, name, description } = parseManifest(json);
    const twin = found.find((other) => other.number === number || other.name === name);
    if (twin) throw new ZippyNetError("bad-model", `${path} and ${twin.folder} share a number or a name`);
    found.push({ number, name, description, folder: path });
  }
  if (found.length === 0) throw new ZippyNetError("bad-model", `expected models in ${folder}, found none`);
  return found.sort((a, b) => a.number - b.number);
}
