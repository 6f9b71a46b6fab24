import { ZippyNetError } from "../../../codec/errors.ts";
import type { Decoder } from "../../../codec/model.ts";
import type { ReadFile } from "../../../model/blobs.ts";
import type { LocatedModel, Progress } from "../protocol.ts";
import { fetchImmutable } from "./cache.ts";

/** The models of a worker by number, each loaded when first asked for, and kept. */
export class WorkerModels<M extends Decoder> {
  readonly #models: readonly LocatedModel[];
  readonly #blobs: readonly string[];
  readonly #load: (read: ReadFile) => Promise<M>;
  readonly #tell: (progress: Progress) => void;
  readonly #loaded = new Map<number, Promise<M>>();

  /** @param blobs files that are loaded, for the total */
  constructor(
    models: readonly LocatedModel[],
    blobs: readonly string[],
    load: (read: ReadFile) => Promise<M>,
    tell: (progress: Progress) => void,
  ) {
    this.#models = models;
    this.#blobs = blobs;
    this.#load = load;
    this.#tell = tell;
  }

  /** The number of the first model. */
  get first(): number {
    return this.#models[0]!.number;
  }

  all(): Promise<M[]> {
    return Promise.all(this.#models.map(({ number }) => this.byNumber(number)));
  }

  /** Throws `unknown-model`, `unavailable`, `bad-model`; a failed load is tried again. */
  byNumber(number: number): Promise<M> {
    const kept = this.#loaded.get(number);
    if (kept) return kept;
    const loading = this.#fetch(number);
    this.#loaded.set(number, loading);
    loading.catch(() => this.#loaded.delete(number));
    return loading;
  }

  async #fetch(number: number): Promise<M> {
    const model = this.#models.find((each) => each.number === number);
    if (!model) {
      const known = this.#models.map((each) => `${each.number} (${each.name})`).join(", ");
      throw new ZippyNetError("unknown-model", `expected one of the models ${known}, got number ${number}`);
    }
    if (!globalThis.crypto?.subtle) {
      throw new ZippyNetError(
        "unavailable",
        "expected a secure page (https, or localhost): hashes cannot be checked",
      );
    }
    const total = this.#blobs.reduce((sum, name) => sum + (model.files[name]?.bytes ?? 0), 0);
    let loaded = 0;
    // all at once: none waits for another to name it
    const coming = new Map(
      ["manifest.json", ...this.#blobs].map((name) => {
        const file = this.#file(model, name, (bytes) => {
          if (name === "manifest.json") return; // a trifle
          loaded += bytes;
          this.#tell({ model: number, loaded, total });
        });
        file.catch(() => undefined); // who awaits it is told
        return [name, file] as const;
      }),
    );
    return this.#load((name) => coming.get(name) ?? Promise.reject(missing(model, name)));
  }

  async #file(model: LocatedModel, name: string, progress: (bytes: number) => void): Promise<Uint8Array> {
    const expected = model.files[name];
    if (!expected) throw missing(model, name);
    return fetchImmutable(`${model.url}/${name}`, expected, progress);
  }
}

function missing({ url }: LocatedModel, name: string): ZippyNetError {
  return new ZippyNetError("bad-model", `${url}: expected the file ${name}`);
}
