import {
  assertBase,
  assertKnown,
  assertListener,
  type Base,
  type Listener,
  type Signal,
  type Wish,
} from "../../api/options.ts";
import type { Picture } from "../../api/picture.ts";
import { ZippyNetError } from "../../codec/errors.ts";
import type { Image } from "../../codec/image.ts";
import type { Look } from "../../codec/network/architecture.ts";
import { assertPackages, type ModelPackage, manifestOf, placeOf } from "../../model/package.ts";
import type { Answer, DecodeJob, LocatedModel, Request, RolePlace } from "./protocol.ts";

export interface Settings {
  /** The models to use: what packages `@zippynet/model-NAME` export. By default the one that comes with `zippynet`. */
  readonly models?: readonly ModelPackage[] | undefined;
  /**
   * Folder with the workers and `models/NAME/`, if they are not where the bundler puts them. Workers have to come from
   * the page's own origin.
   */
  readonly base?: Base | undefined;
  /** Threads that encode, in Node. Ignored here. */
  readonly threads?: number | undefined;
}

let settings: Pick<Settings, "models" | "base"> = {};

/** Changes settings for all later calls. Settings that are not named stay. Throws `bad-option`. */
export function configure(change: Settings): void {
  assertKnown(change, ["models", "base", "threads"]);
  const { models, base } = change;
  if (models !== undefined) assertPackages(models);
  if (base !== undefined) assertBase(base);
  settings = { ...settings, ...(models !== undefined && { models }), ...(base !== undefined && { base }) };
  for (const client of clients.values()) client.retire();
  clients.clear();
}

/** The folder that `configure` names, as a URL. */
function baseUrl(): URL | undefined {
  const { base } = settings;
  if (base === undefined) return undefined;
  return new URL(typeof base === "string" ? base : base.href, globalThis.document?.baseURI);
}

/** The models of a page, for decoding or for encoding. */
export async function modelsOf(place: RolePlace): Promise<readonly ModelPackage[]> {
  const models = settings.models ?? (await place.models(baseUrl()));
  if (models.length > 0) return models;
  throw new ZippyNetError(
    "bad-model",
    "expected a model, such as configure({ models: [model] }) names, got none",
  );
}

type Result = Answer & { readonly type: "loaded" | "decoded" | "encoded" };

interface Waiting {
  /** Sent again if no worker starts. */
  readonly request: Request;
  readonly onSearch: Listener | undefined;
  readonly done: (result: Result) => void;
  readonly failed: (reason: unknown) => void;
}

/** One worker and the requests it has not answered yet. */
class Client {
  readonly #place: RolePlace;
  readonly #models: Promise<readonly ModelPackage[]>;
  readonly #waiting = new Map<number, Waiting>();
  /** Resolves once the first message is sent, which says where the models are. Others are sent after it. */
  #ready: Promise<unknown>;
  #post: (request: Request) => void = () => undefined;
  #stop: () => void = () => undefined;
  #answered = false;
  #retired = false;
  #jobs: DecodeJob[] = [];

  constructor(place: RolePlace) {
    this.#place = place;
    this.#models = modelsOf(place);
    try {
      const worker = place.start(baseUrl());
      worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#take(data);
      worker.onerror = (event) => {
        event.preventDefault();
        void this.#replace(event.message); // none if the worker's file did not come
      };
      this.#post = (request) => worker.postMessage(request);
      this.#stop = () => worker.terminate();
      this.#ready = this.#begin();
    } catch (cause) {
      this.#ready = this.#replace(String(cause));
    }
  }

  /**
   * Files that are asked for in the same task go to the worker in one message: thousands would hold up the page.
   * @param signal ends it with its reason, and takes the file from those that wait for the worker
   */
  async decode(file: Uint8Array, look: Look, signal?: Signal): Promise<Picture> {
    if (signal?.aborted) throw signal.reason;
    if (this.#jobs.length === 0) {
      queueMicrotask(() => {
        const jobs = this.#jobs;
        this.#jobs = [];
        this.#send({ type: "decode", jobs });
      });
    }
    const id = nextId++;
    const job = { id, file, look };
    this.#jobs.push(job);
    const cancel = (): void => {
      this.#waiting.get(id)?.failed(signal!.reason);
      this.#forget(id);
      queueMicrotask(() => this.#send({ type: "cancel", id })); // after the message that has the file
    };
    signal?.addEventListener("abort", cancel);
    const result = await this.#wait(id, { type: "decode", jobs: [job] }).finally(() =>
      signal?.removeEventListener("abort", cancel),
    );
    if (result.type !== "decoded") throw unexpected(result);
    return result.picture;
  }

  /** @param onSearch called with how far the search has come */
  async encode(
    image: Image,
    wish: Wish,
    { draft = false, onSearch }: { draft?: boolean; onSearch?: Listener } = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const result = await this.#ask((id) => ({ type: "encode", id, image, wish, draft }), onSearch);
    if (result.type !== "encoded") throw unexpected(result);
    return result.file;
  }

  async load(model: string | number | undefined): Promise<void> {
    await this.#ask((id) => ({ type: "load", id, model }));
  }

  /** Stops the worker once it has answered everything. */
  retire(): void {
    this.#retired = true;
    if (this.#waiting.size === 0) this.#stop();
  }

  /** The caller no longer waits. If nobody else does, the worker is stopped. */
  abandon(): void {
    if (this.#waiting.size > 1) return;
    this.#break("abandoned");
  }

  #ask(request: (id: number) => Request, onSearch?: Waiting["onSearch"]): Promise<Result> {
    const id = nextId++;
    const asked = request(id);
    this.#send(asked);
    return this.#wait(id, asked, onSearch);
  }

  #wait(id: number, request: Request, onSearch?: Waiting["onSearch"]): Promise<Result> {
    return new Promise((done, failed) => {
      this.#waiting.set(id, { request, onSearch, done, failed });
    });
  }

  #forget(id: number): void {
    this.#waiting.delete(id);
    if (this.#retired && this.#waiting.size === 0) this.#stop();
  }

  async #begin(): Promise<void> {
    try {
      const models = await Promise.all((await this.#models).map(located));
      this.#post({ type: "start", models });
    } catch (cause) {
      const error = cause instanceof ZippyNetError ? cause : undefined;
      this.#break(error?.message ?? `expected models: ${String(cause)}`, error?.code);
    }
  }

  #send(request: Request): void {
    void this.#ready
      .then(() => this.#post(request))
      .catch((cause: unknown) => this.#break(`expected the worker to take this: ${cause}`));
  }

  #take(message: Answer): void {
    this.#answered = true;
    if (message.type === "progress") {
      const { type, ...loading } = message;
      for (const listener of listeners) listener({ stage: "weights", ...loading });
      return;
    }
    if (message.type === "missing") {
      void this.#supply(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (message.type === "search") {
      const { done, total } = message;
      waiting?.onSearch?.({ stage: "search", done, total });
      return;
    }
    if (message.type === "failed") waiting?.failed(new ZippyNetError(message.code, message.message));
    else waiting?.done(message);
    this.#forget(message.id);
  }

  /** Sends the worker a file that it could not load, from the text that a package may bring for this case. */
  async #supply({ id, model, file }: Answer & { readonly type: "missing" }): Promise<void> {
    const bytes = await this.#models
      .then((models) => models.find(({ manifest }) => manifest.number === model)?.inline?.())
      .then((texts) => texts && Uint8Array.from(atob(texts[file]!), (each) => each.charCodeAt(0)))
      .catch(() => undefined); // the worker waits for an answer, and says what could not be loaded
    this.#post({ type: "weights", id, bytes });
  }

  /**
   * If no worker starts, the page does the work itself, where it can. It answers more slowly then, but it shows
   * pictures.
   */
  async #replace(why: string | undefined): Promise<void> {
    const { here, role } = this.#place;
    this.#stop();
    const serve = this.#answered ? undefined : await here?.().catch(() => undefined);
    if (!serve) {
      const wanted = `expected the ${role}'s worker to start, from this page's own origin; see worker-src`;
      this.#break(why ? `${wanted}: ${why}` : wanted);
      return;
    }
    this.#post = serve((message) => this.#take(message));
    this.#stop = () => undefined;
    await this.#begin();
    this.#ready = Promise.resolve();
    for (const { request } of this.#waiting.values()) this.#post(request);
  }

  /** Fails all requests that wait. The next request starts another worker. */
  #break(why: string, code: ZippyNetError["code"] = "unavailable"): void {
    if (clients.get(this.#place.role) === this) clients.delete(this.#place.role);
    this.#stop();
    for (const { failed } of this.#waiting.values()) failed(new ZippyNetError(code, why));
    this.#waiting.clear();
  }
}

let nextId = 0;
const clients = new Map<RolePlace["role"], Client>();
const listeners = new Set<Listener>();

/** The page's only worker of a role. The first call starts it. */
export function client(place: RolePlace): Client {
  let found = clients.get(place.role);
  if (!found) {
    found = new Client(place);
    clients.set(place.role, found);
  }
  return found;
}

/** Calls a listener as weights load. Returns a function that ends that. Throws `bad-option` for what is no function. */
export function onProgress(listener: Listener): () => void {
  assertListener(listener);
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function located(model: ModelPackage): Promise<LocatedModel> {
  const files: Record<string, string | Uint8Array> = {};
  for (const name of Object.keys(model.files)) {
    const place = await placeOf(model, name).catch(() => undefined); // the package may bring it as text
    if (place !== undefined) files[name] = typeof place === "string" ? absolute(place) : place;
  }
  return { manifest: manifestOf(model), files };
}

function absolute(url: string): string {
  return new URL(url, globalThis.document?.baseURI).href;
}

function unexpected({ type }: Result): Error {
  return new Error(`the worker answered with ${type}`);
}
