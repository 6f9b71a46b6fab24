import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import Negotiator from "negotiator";
import { contentTag, formTag, matches } from "../../http/etag.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".webp": "image/webp",
  ".svg": "image/svg+xml",
  ".zn": "image/x-zippynet",
  ".txt": "text/plain; charset=utf-8",
  ".safetensors": "application/octet-stream",
};

/** Paths with a hash of the content. Such files never change. */
const IMMUTABLE = /(-[0-9A-Z]{8}\.js|^models\/.+)$/;

export interface WebServerOptions {
  readonly folder: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Other origins from which pages may fetch files and show pictures. */
  readonly connect?: readonly string[];
  /** Contents that replace files of the folder, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The strictest policy under which a page with ZippyNet works. */
export function contentSecurityPolicy(connect: readonly string[] = []): string {
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    `connect-src ${["'self'", ...connect].join(" ")}`,
    `img-src ${["'self' blob: data:", ...connect].join(" ")}`,
    "style-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Static files over HTTP on 127.0.0.1, with a strict content security policy, compressed, with ETags. */
export class WebServer {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Rejects if the port is in use. */
  static async start({ folder, port, connect, files = {} }: WebServerOptions): Promise<WebServer> {
    const policy = contentSecurityPolicy(connect);
    const kept = new Map<string, Promise<Served | undefined>>();
    const server = createServer((request, response) => {
      const path = pathOf(request.url ?? "/");
      if (path === undefined) return respond(request, response, policy, undefined);
      let served = kept.get(path);
      if (!served) {
        served = serve(folder, path, files[path]);
        kept.set(path, served);
        void served.then((found) => (found && IMMUTABLE.test(path) ? undefined : kept.delete(path)));
      }
      void served.then((found) => respond(request, response, policy, found));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, "127.0.0.1", resolve);
    });
    return new WebServer(server);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

interface Served {
  readonly type: string;
  readonly plain: Form;
  /** Undefined if it would not be smaller. */
  readonly gzip: Form | undefined;
  readonly immutable: boolean;
}

/** A representation of a file: its bytes and its own ETag. */
interface Form {
  readonly bytes: Uint8Array;
  readonly tag: string;
}

/** The path of a file in the folder; undefined if it leads out of the folder. */
function pathOf(url: string): string | undefined {
  try {
    const path = normalize(decodeURIComponent(new URL(url, "http://localhost").pathname)).replace(
      /^[\\/]+/,
      "",
    );
    if (path.split(sep).includes("..") || path.includes("\0")) return undefined;
    return path === "" || path.endsWith("/") ? `${path}index.html` : path;
  } catch {
    return undefined;
  }
}

async function serve(folder: string, path: string, content: string | undefined): Promise<Served | undefined> {
  const plain =
    content === undefined
      ? await readFile(join(folder, path)).catch(() => undefined)
      : new TextEncoder().encode(content);
  if (!plain) return undefined;
  const compressed = await promisify(gzip)(plain, { level: 9 });
  const tag = contentTag(plain);
  return {
    type: TYPES[extname(path)] ?? "application/octet-stream",
    plain: { bytes: plain, tag },
    gzip: compressed.length < plain.length ? { bytes: compressed, tag: formTag(tag, "gzip") } : undefined,
    immutable: IMMUTABLE.test(path),
  };
}

function respond(
  request: IncomingMessage,
  response: ServerResponse,
  policy: string,
  found: Served | undefined,
): void {
  const { method, headers } = request;
  response.setHeader("content-security-policy", policy);
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("referrer-policy", "no-referrer");
  if (method !== "GET" && method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
    return;
  }
  if (!found) {
    response.writeHead(404, { "content-type": "text/plain" }).end("There is no such page.\n");
    return;
  }
  const encoding = found.gzip && new Negotiator(request).encoding(["gzip", "identity"]);
  const form = encoding === "gzip" ? found.gzip! : found.plain;
  response.setHeader("etag", form.tag);
  response.setHeader("vary", "accept-encoding");
  response.setHeader("cache-control", found.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (matches(headers["if-none-match"], form.tag)) {
    response.writeHead(304).end();
    return;
  }
  if (form === found.gzip) response.setHeader("content-encoding", "gzip");
  response.writeHead(200, { "content-type": found.type, "content-length": form.bytes.length });
  response.end(method === "HEAD" ? undefined : form.bytes);
}
