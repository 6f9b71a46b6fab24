import { ZippyNetError } from "../../../codec/errors.ts";
import type { Decoder } from "../../../codec/model.ts";
import type { Look } from "../../../codec/network/architecture.ts";
import { type ReadFile, sha256Hex } from "../../../model/load-decoder.ts";
import { type Asset, type BlobName, type Manifest, parseManifest } from "../../../model/manifest.ts";
import { type ModelsOf, modelsOf, summaryOf } from "../../../model/models.ts";
import type { Answer, LocatedModel, Request } from "../protocol.ts";
import { fetchImmutable } from "./cache.ts";
import { failure } from "./scope.ts";

type Asked = Request & { readonly type: "start" | "load" | "weights" };

/** The models of a worker. Each is loaded when it is first used, and kept. */
export class WorkerModels<M extends Decoder> {
  readonly #blobs: readonly BlobName[];
  readonly #load: (read: ReadFile) => Promise<M>;
  readonly #answer: (message: Answer) => void;
  /** Files that the page was asked for, by the number of the question. */
  readonly #missing = new Map<number, (bytes: Uint8Array | undefined) => void>();
  #models: ModelsOf<M> | undefined;
  #nextId = 0;

  /** @param blobs the weights that `load` reads; progress is that of their sum */
  constructor(
    blobs: readonly BlobName[],
    load: (read: ReadFile) => Promise<M>,
    answer: (message: Answer) => void,
  ) {
    this.#blobs = blobs;
    this.#load = load;
    this.#answer = answer;
  }

  /** Takes the places of the models, a request to load one, or a file that the page was asked for. */
  take(request: Asked): void {
    if (request.type === "start") {
      const entries = request.models.map((model) => ({
        ...summaryOf(parseManifest(model.manifest)),
        read: this.#reader(model),
      }));
      this.#models = modelsOf(entries, this.#load);
    } else if (request.type === "load") {
      const { id, model } = request;
      (model === undefined ? this.#started().default() : this.choose(model)).then(
        () => this.#answer({ type: "loaded", id }),
        (error: unknown) => this.#answer(failure(id, error)),
      );
    } else {
      this.#missing.get(request.id)?.(request.bytes);
      this.#missing.delete(request.id);
    }
  }

  /** Throws `unknown-model`, `unavailable`, `bad-model`; a failed load is tried again. */
  async byNumber(number: number): Promise<M> {
    return this.#started().byNumber(number);
  }

  async choose(model: string | number, look?: Look): Promise<readonly M[]> {
    return this.#started().choose(model, look);
  }

  #started(): ModelsOf<M> {
    if (!this.#models) throw new TypeError("expected the places of the models first");
    return this.#models;
  }

  /**
   * Reads the files of a model. Reading the manifest starts to load all weights at once. The network of a further look
   * is loaded when it is read.
   */
  #reader(model: LocatedModel): ReadFile {
    const manifest = parseManifest(model.manifest);
    let coming: Map<string, Promise<Uint8Array>> | undefined;
    return async (name) => {
      if (name === "manifest.json") {
        const wanted = this.#blobs.map((blob) => manifest.blobs[blob]);
        coming = this.#fetch(manifest, model, wanted);
        return new TextEncoder().encode(model.manifest);
      }
      const look = Object.values(manifest.looks ?? {}).find(({ file }) => file === name);
      return look ? this.#fetch(manifest, model, [look]).get(name)! : coming!.get(name)!;
    };
  }

  #fetch(
    manifest: Manifest,
    model: LocatedModel,
    wanted: readonly Asset[],
  ): Map<string, Promise<Uint8Array>> {
    if (!globalThis.crypto?.subtle) {
      throw new ZippyNetError(
        "unavailable",
        "expected a secure page (https, or localhost): hashes cannot be checked",
      );
    }
    const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
    let loaded = 0;
    const progress = (bytes: number): void => {
      loaded = Math.min(total, loaded + bytes);
      this.#answer({ type: "progress", model: manifest.number, loaded, total });
    };
    return new Map(
      wanted.map((blob) => {
        const file = this.#file(manifest, model, blob, progress);
        file.catch(() => undefined); // whoever awaits it gets the error
        return [blob.file, file] as const;
      }),
    );
  }

  async #file(
    { number, name }: Manifest,
    { files }: LocatedModel,
    blob: Asset,
    progress: (bytes: number) => void,
  ): Promise<Uint8Array> {
    const place = files[blob.file];
    let why: unknown;
    try {
      if (typeof place === "string") return await fetchImmutable(place, blob, progress);
      if (place) return await checked(place, blob);
    } catch (error) {
      why = error;
    }
    const supplied = await this.#ask(number, blob.file);
    if (supplied) return checked(supplied, blob);
    throw why ?? new ZippyNetError("bad-model", `${name}: expected the file ${blob.file}`);
  }

  /** Asks the page for a file; undefined if it has none. */
  #ask(model: number, file: string): Promise<Uint8Array | undefined> {
    return new Promise((resolve) => {
      const id = this.#nextId++;
      this.#missing.set(id, resolve);
      this.#answer({ type: "missing", id, model, file });
    });
  }
}

async function checked(bytes: Uint8Array, { sha256, file }: Asset): Promise<Uint8Array> {
  const found = await sha256Hex(bytes);
  if (found === sha256) return bytes;
  throw new ZippyNetError("bad-model", `${file}: expected SHA-256 ${sha256}, got ${found}`);
}
