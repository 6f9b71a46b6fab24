import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readBody } from "./body.ts";
import { allowPages } from "./cors.ts";
import { Bucket, type ObjectInfo } from "./disk.ts";
import { noSuchKey, notImplemented, S3Error } from "./errors.ts";
import {
  copiedHeaders,
  isArchived,
  RESTORE,
  readCondition,
  readTagging,
  storedHeaders,
  tagSet,
  tagsOf,
  withoutTags,
  withTags,
  writeGuard,
} from "./headers.ts";
import { listObjects } from "./list.ts";
import { Uploads } from "./uploads.ts";
import { readXml, writeXml, type Xml } from "./xml.ts";

/** A change that S3 sends an event for; `name` is without the `s3:` of bucket settings. */
export interface ObjectChange {
  readonly name:
    | `ObjectCreated:${"Put" | "Copy" | "CompleteMultipartUpload"}`
    | "ObjectRemoved:Delete"
    | `ObjectTagging:${"Put" | "Delete"}`
    | "ObjectRestore:Completed";
  readonly bucket: string;
  readonly key: string;
  /** Undefined for a removal. */
  readonly info: ObjectInfo | undefined;
}

export interface LocalS3Options {
  /** The folder of the objects, with one folder for each bucket. */
  readonly folder: string;
  readonly buckets: readonly string[];
  /** 0 takes any free port. */
  readonly port: number;
  readonly onChange: (change: ObjectChange) => void;
}

/**
 * S3 for one machine, for the SDKs and the command line of AWS, or plain HTTP: objects with metadata and tags,
 * listings, copies, conditional writes and deletes, multipart uploads. It listens only on 127.0.0.1 and does not check
 * signatures, so that every local program may use it.
 */
export class LocalS3 {
  readonly #buckets = new Map<string, Bucket>();
  readonly #uploads = new Uploads();
  readonly #options: LocalS3Options;
  readonly #server: Server;

  private constructor(options: LocalS3Options) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    // never closed by the server: that would reset a request on its way, and SDKs keep their connections open
    this.#server.keepAliveTimeout = 0;
  }

  /** Rejects with Node's `EADDRINUSE` if something listens on the port. */
  static async start(options: LocalS3Options): Promise<LocalS3> {
    const s3 = new LocalS3(options);
    for (const name of options.buckets) s3.#buckets.set(name, await Bucket.open(options.folder, name));
    await new Promise<void>((resolve, reject) => {
      s3.#server.once("error", reject).listen(options.port, "127.0.0.1", resolve);
    });
    return s3;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("x-amz-request-id", randomUUID());
    try {
      if (allowPages(request, response)) return;
      await this.#route(request, response);
    } catch (error) {
      const known = error instanceof S3Error;
      if (!known) console.error("local S3:", error);
      if (response.headersSent) {
        response.destroy();
        return;
      }
      const { status, code, message } = known
        ? error
        : new S3Error(500, "InternalError", "An internal error occurred");
      const xml = writeXml("Error", { Code: code, Message: message, Resource: request.url ?? "" }, false);
      send(request, response, status, xml, { "content-type": "application/xml" });
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { bucket: name, key, query } = this.#target(request);
    const call: Call = { request, response, query };
    if (name === "") return this.#listBuckets(call);
    const bucket = this.#buckets.get(name);
    if (!bucket) throw new S3Error(404, "NoSuchBucket", `The specified bucket does not exist: ${name}`);
    const method = request.method ?? "";
    const mode = MODES.find((each) => query.has(each)) ?? "";
    const route = `${method} ${key === "" ? "bucket" : "object"} ${mode}`.trim();
    const routes: Readonly<Record<string, () => Promise<void> | void>> = {
      "PUT bucket": () => send(request, response, 200),
      "HEAD bucket": () => send(request, response, 200),
      "GET bucket": () => sendXml(call, "ListBucketResult", listObjects(name, bucket.list(), query)),
      "GET bucket location": () => sendXml(call, "LocationConstraint", ""),
      "POST bucket delete": () => this.#deleteMany(call, bucket),
      "GET object": () => getObject(call, bucket, key),
      "HEAD object": () => getObject(call, bucket, key),
      "GET object tagging": async () =>
        sendXml(call, "Tagging", tagSet((await bucket.read(key)).info.headers)),
      "PUT object tagging": async () => {
        const tags = readTagging(Buffer.from(await readBody(request)).toString());
        await this.#tag(bucket, key, "ObjectTagging:Put", tags);
        send(request, response, 200);
      },
      "DELETE object tagging": async () => {
        await this.#tag(bucket, key, "ObjectTagging:Delete", new URLSearchParams());
        send(request, response, 204);
      },
      "PUT object": () => this.#put(call, bucket, key),
      "DELETE object": () => this.#delete(call, bucket, key),
      "POST object restore": async () => {
        await readBody(request);
        const restored = 'ongoing-request="false", expiry-date="Fri, 31 Dec 2100 00:00:00 GMT"';
        const info = await bucket.relabel(key, (headers) => ({ ...headers, [RESTORE]: restored }));
        this.#changed("ObjectRestore:Completed", bucket, key, info); // restored at once: nobody here waits for hours
        send(request, response, 202);
      },
      "POST object uploads": () =>
        sendXml(call, "InitiateMultipartUploadResult", {
          Bucket: name,
          Key: key,
          UploadId: this.#uploads.begin(storedHeaders(request)),
        }),
      "PUT object uploadId": () => this.#putPart(call),
      "POST object uploadId": () => this.#complete(call, bucket, key),
      "DELETE object uploadId": () => {
        this.#uploads.abort(query.get("uploadId")!);
        send(request, response, 204);
      },
    };
    const action = routes[route];
    if (!action) throw notImplemented(route);
    await action();
  }

  /** Bucket and key of a request: from the path, or, as the SDKs prefer, from the first part of the host name. */
  #target(request: IncomingMessage): { bucket: string; key: string; query: URLSearchParams } {
    const [path, query] = (request.url ?? "/").split(/\?(.*)/s) as [string, string | undefined];
    const host = (request.headers.host ?? "").replace(/:\d+$/, "");
    const hosted = [...this.#buckets.keys()].find((name) => host.startsWith(`${name}.`));
    const parts = path.slice(1).split("/");
    const bucket = hosted ?? parts.shift()!;
    try {
      const key = decodeURIComponent(parts.join("/"));
      if (Buffer.byteLength(key) > 1024) {
        throw new S3Error(400, "KeyTooLongError", "Your key is too long: expected at most 1024 bytes");
      }
      return { bucket, key, query: new URLSearchParams(query ?? "") };
    } catch (error) {
      if (error instanceof S3Error) throw error;
      throw new S3Error(400, "InvalidURI", `Could not decode ${path}`);
    }
  }

  #listBuckets(call: Call): void {
    if (call.request.method !== "GET") throw notImplemented(`${call.request.method} without a bucket`);
    const Bucket = [...this.#buckets.keys()].map((Name) => ({
      Name,
      CreationDate: new Date(0).toISOString(),
    }));
    sendXml(call, "ListAllMyBucketsResult", { Owner: { ID: "local" }, Buckets: { Bucket } });
  }

  async #put(call: Call, bucket: Bucket, key: string): Promise<void> {
    const { request, response } = call;
    const guard = writeGuard(request.headers, key);
    const source = request.headers["x-amz-copy-source"];
    if (source !== undefined) {
      const from = await this.#readSource(String(source));
      const headers = copiedHeaders(request, from.info.headers);
      const info = await bucket.put(key, { body: from.body, headers }, guard);
      this.#changed("ObjectCreated:Copy", bucket, key, info);
      sendXml(call, "CopyObjectResult", { LastModified: info.modified, ETag: `"${info.etag}"` });
      return;
    }
    const body = await readBody(request);
    const info = await bucket.put(key, { body, headers: storedHeaders(request) }, guard);
    this.#changed("ObjectCreated:Put", bucket, key, info);
    send(request, response, 200, "", { etag: `"${info.etag}"` });
  }

  async #readSource(source: string): Promise<{ info: ObjectInfo; body: Uint8Array }> {
    const [, name, key] = /^(?:\/|%2F)?(.+?)(?:\/|%2F)([^?]+)/i.exec(source) ?? [];
    const bucket = this.#buckets.get(name ?? "");
    if (!bucket || key === undefined) throw noSuchKey(source);
    return bucket.read(decodeURIComponent(key));
  }

  async #tag(bucket: Bucket, key: string, name: ObjectChange["name"], tags: URLSearchParams): Promise<void> {
    const info = await bucket.relabel(key, (headers) => withTags(headers, tags));
    this.#changed(name, bucket, key, info);
  }

  async #delete({ request, response }: Call, bucket: Bucket, key: string): Promise<void> {
    if (await bucket.delete(key, writeGuard(request.headers, key))) {
      this.#changed("ObjectRemoved:Delete", bucket, key, undefined);
    }
    send(request, response, 204);
  }

  async #deleteMany(call: Call, bucket: Bucket): Promise<void> {
    const document = Buffer.from(await readBody(call.request)).toString();
    const keys = readXml(document, "Object", "Key").filter((key) => key !== undefined);
    for (const key of keys) {
      if (await bucket.delete(key, () => undefined)) {
        this.#changed("ObjectRemoved:Delete", bucket, key, undefined);
      }
    }
    const quiet = /<Quiet>true<\/Quiet>/.test(document);
    sendXml(call, "DeleteResult", { Deleted: quiet ? undefined : keys.map((Key) => ({ Key })) });
  }

  async #putPart({ request, response, query }: Call): Promise<void> {
    if (request.headers["x-amz-copy-source"] !== undefined) throw notImplemented("UploadPartCopy");
    const body = await readBody(request);
    const etag = this.#uploads.add(query.get("uploadId")!, Number(query.get("partNumber")), body);
    send(request, response, 200, "", { etag: `"${etag}"` });
  }

  async #complete(call: Call, bucket: Bucket, key: string): Promise<void> {
    const id = call.query.get("uploadId")!;
    const document = Buffer.from(await readBody(call.request)).toString();
    const object = this.#uploads.join(id, readXml(document, "Part", "PartNumber").map(Number));
    const info = await bucket.put(key, object, writeGuard(call.request.headers, key));
    this.#uploads.abort(id);
    this.#changed("ObjectCreated:CompleteMultipartUpload", bucket, key, info);
    sendXml(call, "CompleteMultipartUploadResult", {
      Bucket: bucket.name,
      Key: key,
      ETag: `"${info.etag}"`,
    });
  }

  #changed(name: ObjectChange["name"], bucket: Bucket, key: string, info: ObjectInfo | undefined): void {
    this.#options.onChange({ name, bucket: bucket.name, key, info });
  }
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
}

/** Query parameters that select another operation. Those not handled above are answered with 501. */
const MODES = [
  "delete",
  "location",
  "restore",
  "uploads",
  "uploadId",
  "acl",
  "cors",
  "encryption",
  "lifecycle",
  "notification",
  "policy",
  "tagging",
  "versioning",
  "versions",
  "website",
] as const;

async function getObject({ request, response }: Call, bucket: Bucket, key: string): Promise<void> {
  const { info, body } = await bucket.read(key);
  if (request.method === "GET" && isArchived(info.headers)) {
    throw new S3Error(403, "InvalidObjectState", "The operation is not valid for the object's storage class");
  }
  const tags = tagsOf(info.headers).size;
  const headers = {
    ...withoutTags(info.headers),
    ...(tags > 0 && { "x-amz-tagging-count": String(tags) }),
    etag: `"${info.etag}"`,
    "last-modified": new Date(info.modified).toUTCString(),
    "accept-ranges": "bytes",
  };
  if (readCondition(request.headers, info) === "not modified") {
    send(request, response, 304, "", headers);
    return;
  }
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "");
  if (!range || range[0] === "bytes=-") {
    send(request, response, 200, body, headers);
    return;
  }
  const from = range[1] === "" ? Math.max(0, body.length - Number(range[2])) : Number(range[1]);
  const to =
    range[1] === "" || range[2] === "" ? body.length - 1 : Math.min(body.length - 1, Number(range[2]));
  if (from > to) throw new S3Error(416, "InvalidRange", `expected a range within ${body.length} bytes`);
  const part = body.subarray(from, to + 1);
  send(request, response, 206, part, { ...headers, "content-range": `bytes ${from}-${to}/${body.length}` });
}

function sendXml({ request, response }: Call, root: string, content: Xml): void {
  send(request, response, 200, writeXml(root, content), { "content-type": "application/xml" });
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: string | Uint8Array = "",
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  if (!request.complete) response.setHeader("connection", "close"); // the rest of a refused body is not read
  response.writeHead(status, { ...headers, ...(status === 304 ? {} : { "content-length": bytes.length }) });
  response.end(request.method === "HEAD" || status === 304 ? undefined : bytes);
}
