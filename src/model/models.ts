import { ZippyNetError } from "../codec/errors.ts";
import type { Decoder, Model } from "../codec/model.ts";
import type { Look } from "../codec/network/architecture.ts";
import type { ReadFile } from "./load-decoder.ts";
import type { Manifest } from "./manifest.ts";

/** Models by number and name; one is loaded when first asked for, and kept. */
export interface ModelsOf<M extends Decoder> {
  /** The models, sorted by number. */
  list(): readonly ModelSummary[];
  /** Throws `unknown-model` if the number is not here. */
  byNumber(number: number): Promise<M>;
  byName(name: string): Promise<M>;
  /** The first of `usualModels`. */
  default(): Promise<M>;
  /**
   * The models that a wish names, each once: a number, or names with commas between; `auto` stands for `usualModels`.
   * Throws `unknown-model`.
   * @param look whose `g_s` they have, where a model has that look: an encoder then makes files for it
   */
  choose(model: string | number, look?: Look): Promise<readonly M[]>;
}

export type Models = ModelsOf<Model>;
/** Decoders only. What encoding needs is not read. */
export type Decoders = ModelsOf<Decoder>;

/** What is known of a model before it is loaded. */
export interface ModelSummary extends Pick<Manifest, "number" | "name" | "description" | "research"> {
  readonly supersedes: readonly number[];
}

export function summaryOf(manifest: Manifest): ModelSummary {
  const { number, name, description, research, supersedes = [] } = manifest;
  return { number, name, description, research, supersedes };
}

/**
 * The models that encoders choose from by default: all that are free to use, or all where none is, without those that
 * another of them supersedes. By number, where a model has the place of the first that it supersedes.
 */
export function usualModels<T extends ModelSummary>(models: readonly T[]): T[] {
  const free = models.filter(({ research }) => !research);
  const usual = free.length > 0 ? free : models;
  const old = new Set(usual.flatMap(({ supersedes }) => supersedes));
  const place = ({ number, supersedes }: T): number => Math.min(number, ...supersedes);
  return usual.filter(({ number }) => !old.has(number)).sort((a, b) => place(a) - place(b));
}

/** Where a model's files are; plain data, so that it can be sent to a thread. */
export interface ModelLocation {
  /** manifest.json. */
  readonly manifest: string;
  /** The weights by name: their URLs, or their bytes. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

/** A model and where its files come from. */
export interface ModelEntry extends ModelSummary {
  readonly read: ReadFile;
}

/** A file of a model from its URL of HTTP. Throws `unavailable`, also if the connection ends within the file. */
export async function fetchFile(url: string): Promise<Uint8Array> {
  const failed = (cause: unknown): never => {
    throw new ZippyNetError("unavailable", `${url} cannot be fetched: ${cause}`, { cause });
  };
  const response = await fetch(url).catch(failed);
  if (!response.ok)
    throw new ZippyNetError("unavailable", `${url}: expected status 200, got ${response.status}`);
  return new Uint8Array(await response.arrayBuffer().catch(failed));
}

/** Throws `bad-model` if two entries share a number or a name. @param loadFrom `loadModel` or `loadDecoder` */
export function modelsOf<M extends Decoder>(
  entries: readonly ModelEntry[],
  loadFrom: (read: ReadFile) => Promise<M>,
): ModelsOf<M> {
  const found = [...entries].sort((a, b) => a.number - b.number);
  for (const [i, { number, name }] of found.entries()) {
    const twin = found.find((other, at) => at > i && (other.number === number || other.name === name));
    if (!twin) continue;
    const both = `${number} (${name}) and ${twin.number} (${twin.name})`;
    throw new ZippyNetError("bad-model", `expected models of different numbers and names, got ${both}`);
  }
  const loaded = new Map<number, Promise<M>>();
  const load = ({ number, read }: ModelEntry): Promise<M> => {
    let model = loaded.get(number);
    if (!model) {
      model = loadFrom(read);
      model.catch(() => loaded.delete(number)); // a failed load is tried again
      loaded.set(number, model);
    }
    return model;
  };
  const known = found.map(({ number, name }) => `${number} (${name})`).join(", ");
  const find = async (what: string, matches: (model: ModelEntry) => boolean): Promise<M> => {
    const model = found.find(matches);
    if (!model)
      throw new ZippyNetError(
        "unknown-model",
        `expected ${known === "" ? "a model to be configured" : `one of the models ${known}`}, got ${what}`,
      );
    return load(model);
  };
  const usual = usualModels(found);
  const byName = (name: string) => find(`"${name}"`, (model) => model.name === name);
  const byNumber = (number: number) => find(`number ${number}`, (model) => model.number === number);
  return {
    list: () => found.map(({ read: _, ...summary }) => summary),
    byNumber,
    byName,
    default: async () => {
      if (!usual[0]) throw new ZippyNetError("bad-model", "expected a model, got none");
      return load(usual[0]);
    },
    choose: async (model, look = "faithful") => {
      if (typeof model === "number") return [await (await byNumber(model)).withLook(look)];
      const names = model.split(",").map((name) => name.trim());
      const chosen = await Promise.all(
        names.map((name) =>
          name === "auto" ? Promise.all(usual.map(load)) : byName(name).then((one) => [one]),
        ),
      );
      return Promise.all([...new Set(chosen.flat())].map((one) => one.withLook(look)));
    },
  };
}
