import { ZippyNetError } from "../../codec/errors.ts";
import { builtAssets } from "./assets.ts";
import type { Answer, Progress, Request, Rgba, Wish } from "./protocol.ts";

export interface Settings {
  /** Folder of dist/web, as a URL; by default that of the script. Workers have to come from the page's own origin. */
  readonly base?: string | URL;
}

let base: string | URL | undefined;

/** Says where the files of dist/web lie, before anything is decoded: needed where a bundler moves this module away from them. */
export function configure(settings: Settings): void {
  if (settings.base !== undefined) base = settings.base;
}

type Role = "decoder" | "encoder";
type Result = Answer & { readonly type: "loaded" | "decoded" | "encoded" };

interface Waiting {
  readonly done: (result: Result) => void;
  readonly failed: (error: ZippyNetError) => void;
}

/** One worker and the requests it has not answered yet. */
class Client {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #role: Role;
  #jobs: { id: number; file: Uint8Array }[] = [];

  constructor(role: Role) {
    this.#role = role;
    const { workers, models } = builtAssets();
    const folder = new URL(base ?? new URL(".", import.meta.url), globalThis.document?.baseURI);
    const at = (path: string): string => new URL(path, folder).href;
    this.#worker = new Worker(at(workers[role]), { name: `zippynet-${role}` });
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#take(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#break(
        `expected the worker ${at(workers[role])} to start, on this page's own origin; see worker-src`,
      );
    };
    const located = models.map(({ folder, ...model }) => ({ ...model, url: at(folder) }));
    this.#send({ type: "start", models: located });
  }

  /** Files that are asked for in one turn of the page go to the worker in one message: many would hold up the page. */
  async decode(file: Uint8Array): Promise<Rgba> {
    if (this.#jobs.length === 0) {
      queueMicrotask(() => {
        const jobs = this.#jobs;
        this.#jobs = [];
        this.#send({ type: "decode", jobs });
      });
    }
    const result = await this.#wait((id) => this.#jobs.push({ id, file }));
    if (result.type !== "decoded") throw unexpected(result);
    return result.picture;
  }

  async encode(picture: Rgba, wish: Wish): Promise<Uint8Array> {
    const result = await this.#wait((id) => this.#send({ type: "encode", id, picture, wish }));
    if (result.type !== "encoded") throw unexpected(result);
    return result.file;
  }

  async load(model: number): Promise<void> {
    await this.#wait((id) => this.#send({ type: "load", id, model }));
  }

  #wait(ask: (id: number) => void): Promise<Result> {
    return new Promise((done, failed) => {
      const id = nextId++;
      this.#waiting.set(id, { done, failed });
      ask(id);
    });
  }

  #send(request: Request): void {
    this.#worker.postMessage(request);
  }

  #take(message: Answer): void {
    if (message.type === "progress") {
      for (const listener of listeners) listener(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === "failed") waiting?.failed(new ZippyNetError(message.code, message.message));
    else waiting?.done(message);
  }

  /** A worker that does not start answers nothing: all that wait are told, the next request starts another. */
  #break(why: string): void {
    clients.delete(this.#role);
    this.#worker.terminate();
    for (const { failed } of this.#waiting.values()) failed(new ZippyNetError("unavailable", why));
    this.#waiting.clear();
  }
}

let nextId = 0;
const clients = new Map<Role, Client>();
const listeners = new Set<(progress: Progress) => void>();

/** The page's only worker of a role, started when first asked for. Throws `unavailable`. */
export function client(role: Role): Client {
  let found = clients.get(role);
  if (!found) {
    if (typeof Worker === "undefined") {
      throw new ZippyNetError("unavailable", "expected a browser with workers");
    }
    try {
      found = new Client(role);
    } catch (cause) {
      if (cause instanceof ZippyNetError) throw cause;
      throw new ZippyNetError("unavailable", `expected a worker to start: ${String(cause)}`, { cause });
    }
    clients.set(role, found);
  }
  return found;
}

/** Tells of weights as they come; gives what ends that. */
export function onProgress(listener: (progress: Progress) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Loads a model's decoder ahead of the first picture; the first model unless told. Throws `unavailable`, `bad-model`. */
export async function preload(model?: number): Promise<void> {
  await client("decoder").load(model ?? builtAssets().models[0]!.number);
}

function unexpected({ type }: Result): Error {
  return new Error(`the worker answered with ${type}`);
}
