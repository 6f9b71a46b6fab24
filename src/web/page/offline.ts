/** The service worker: keeps the page, so that it works offline once loaded. The decoder keeps the weights itself. */

/** Paths of all files of the page except models, and a hash over their content. The build fills it in. */
declare const ZIPPYNET_SHELL: { readonly version: string; readonly paths: readonly string[] };

/** The part of a service worker's scope that is used. TypeScript's types here are those of pages, not of workers. */
interface ServiceWorkerScope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(
    type: "install" | "activate" | "fetch",
    listener: (event: ExtendableEvent & FetchEvent) => void,
  ): void;
}

interface ExtendableEvent extends Event {
  waitUntil(done: Promise<unknown>): void;
}

interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const scope = globalThis as unknown as ServiceWorkerScope;
const PREFIX = "zippynet-page-";
const CACHE = PREFIX + ZIPPYNET_SHELL.version;

scope.addEventListener("install", (event) => {
  const fill = async (): Promise<void> => {
    const cache = await caches.open(CACHE);
    // not from the browser's cache, which may hold files of an older version
    await cache.addAll(ZIPPYNET_SHELL.paths.map((path) => new Request(path, { cache: "reload" })));
    await scope.skipWaiting();
  };
  event.waitUntil(fill());
});

scope.addEventListener("activate", (event) => {
  const tidy = async (): Promise<void> => {
    const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await scope.clients.claim();
  };
  event.waitUntil(tidy());
});

/** Answers from the network first, so that the page is the newest one. Files that never change come from the cache. */
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(scope.registration.scope)) return;
  const path = request.url.slice(scope.registration.scope.length).replace(/[?#].*$/, "");
  if (path.startsWith("models/")) return;
  event.respondWith(answer(request, path));
});

async function answer(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(path === "" || path === "index.html" ? "./" : path, { ignoreVary: true });
  if (kept && /-[0-9A-Z]{8}\.js$/.test(path)) return kept;
  try {
    return await fetch(request);
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}
