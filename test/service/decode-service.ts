import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { LocalS3 } from "../../src/local/s3/server.ts";
import { openModels } from "../../src/model/folder.ts";
import { imagePath } from "../../src/service/aws/keys.ts";
import { ObjectStore } from "../../src/service/aws/s3.ts";
import { encodeObject } from "../../src/service/encode/encode-object.ts";
import { readSettings } from "../../src/service/settings.ts";
import { ONE_ATTEMPT } from "./aws-environment.ts";

/** What the handler answered, its body as bytes. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The decode function's own handler on S3 of this machine. One a process: the handler keeps what it has loaded. */
export class DecodeService {
  readonly #s3: LocalS3;
  readonly #folder: string;
  readonly #handler: typeof import("../../src/handlers/decode.ts").handler;
  /** What the handler logged of the last request. */
  line: Record<string, unknown> = {};

  private constructor(s3: LocalS3, folder: string, handler: DecodeService["handler"]) {
    this.#s3 = s3;
    this.#folder = folder;
    this.#handler = handler;
  }

  get handler(): typeof import("../../src/handlers/decode.ts").handler {
    return this.#handler;
  }

  static async start(environment: Readonly<Record<string, string>> = {}): Promise<DecodeService> {
    const folder = await mkdtemp(join(tmpdir(), "zippynet-decode-"));
    const buckets = ["uploads", "latents"];
    const s3 = await LocalS3.start({ folder, buckets, port: 0, onChange: () => undefined });
    Object.assign(process.env, {
      ...ONE_ATTEMPT,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      ZIPPYNET_LATENTS_BUCKET: "latents",
      ZIPPYNET_METRICS: "ZippyNet/test",
      ...environment,
    });
    const { handler } = await import("../../src/handlers/decode.ts");
    return new DecodeService(s3, folder, handler);
  }

  async stop(): Promise<void> {
    await this.#s3.stop();
    await rm(this.#folder, { recursive: true });
  }

  /** Uploads and encodes a picture, a name in test/images or its bytes. */
  async add(key: string, picture: string | Uint8Array): Promise<void> {
    const body =
      typeof picture === "string"
        ? await readFile(new URL(`../images/${picture}`, import.meta.url))
        : Buffer.from(picture);
    await this.put("uploads", key, body);
    const settings = readSettings({ ZIPPYNET_LATENTS_BUCKET: "latents" });
    const context = { store: new ObjectStore(this.#s3.endpoint), models: await openModels(), settings };
    const { outcome } = await encodeObject(context, { bucket: "uploads", key, sequencer: undefined });
    assert.equal(outcome, "encoded", key);
  }

  async put(bucket: string, key: string, body: Uint8Array): Promise<void> {
    const path = key.split("/").map(encodeURIComponent).join("/");
    const url = `${this.#s3.endpoint}/${bucket}/${path}`;
    assert.ok((await fetch(url, { method: "PUT", body: Buffer.from(body) })).ok);
  }

  /** Asks for a picture. */
  image(key: string, query = "", asked: Asked = {}): Promise<Answered> {
    return this.ask(`${imagePath(key)}${query}`, asked);
  }

  /** Asks for a path and query, as API Gateway's payload format 2.0 has it. */
  async ask(url: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<Answered> {
    const { write } = process.stdout;
    process.stdout.write = ((text: string, ...rest: unknown[]) => {
      if (typeof text !== "string" || !text.startsWith("{")) {
        return Reflect.apply(write, process.stdout, [text, ...rest]) as boolean;
      }
      this.line = JSON.parse(text) as Record<string, unknown>;
      return true;
    }) as typeof write;
    try {
      const answer = await this.#handler(toEvent(url, method, headers, body));
      return {
        status: answer.statusCode ?? 200,
        headers: answer.headers as Record<string, string>,
        body: Buffer.from(answer.body ?? "", answer.isBase64Encoded ? "base64" : "utf8"),
      };
    } finally {
      process.stdout.write = write;
    }
  }
}

/** API Gateway decodes paths, but for `%25`. */
function toEvent(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: string | undefined,
): APIGatewayProxyEventV2 {
  const { pathname, searchParams, search } = new URL(url, "http://api");
  const path = decodeURIComponent(pathname.replaceAll("%25", "%2525"));
  const key = /^\/images\/(.+)$/s.exec(path)?.[1];
  return {
    version: "2.0",
    routeKey: key === undefined ? `${method} ${path}` : `${method} /images/{key+}`,
    rawPath: path,
    rawQueryString: search.slice(1),
    headers,
    queryStringParameters: Object.fromEntries(searchParams),
    pathParameters: key === undefined ? {} : { key },
    isBase64Encoded: false,
    ...(body !== undefined && { body }),
    requestContext: {
      accountId: "",
      apiId: "",
      domainName: "api",
      domainPrefix: "api",
      http: { method, path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "test" },
      requestId: "request-1",
      routeKey: "",
      stage: "$default",
      time: "",
      timeEpoch: 0,
    },
  };
}

/** Asserts that an answer is a problem document of a status whose detail says this. */
export function assertProblem({ status, headers, body }: Answered, expected: number, detail: RegExp): void {
  assert.equal(status, expected, body.toString());
  assert.equal(headers["content-type"], "application/problem+json");
  assert.equal(headers["access-control-allow-origin"], "*");
  const problem = JSON.parse(body.toString()) as Record<string, unknown>;
  assert.equal(problem["status"], expected);
  assert.match(String(problem["detail"]), detail);
}
