/**
 * `npm run test:packaged`: the functions as osls packages them, not their sources, under the client that Lambda runs Node with.
 * The client has a native part that npm compiles, so it is not among the dependencies:
 *
 *     npm install --prefix .cache/lambda-ric aws-lambda-ric@3.3     (needs cmake, autoconf, automake, libtool, make, g++)
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { latentsKey } from "../../src/service/keys.ts";
import { toS3Event } from "../../src/service/local/notification.ts";
import { LocalS3, type ObjectChange } from "../../src/service/local/s3/server.ts";
import { ObjectStore } from "../../src/service/store.ts";
import { osls } from "../deploy/processes.ts";
import { RuntimeApi } from "./runtime-api.ts";

const CLIENT = fileURLToPath(
  new URL("../../.cache/lambda-ric/node_modules/aws-lambda-ric/bin/index.mjs", import.meta.url),
);
const skip = !existsSync(CLIENT) && "aws-lambda-ric is not there; see the head of test/packaged/suite.ts";

let folder: string;
let s3: LocalS3;
const changes: ObjectChange[] = [];
const started: { readonly api: RuntimeApi; readonly child: ChildProcess }[] = [];

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), "zippynet-packaged-"));
  const buckets = ["uploads", "latents"];
  s3 = await LocalS3.start({
    folder: join(folder, "s3"),
    buckets,
    port: 0,
    onChange: (change) => changes.push(change),
  });
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "a",
    AWS_SECRET_ACCESS_KEY: "b",
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    ZIPPYNET_LATENTS_BUCKET: "latents",
  });
  const architecture = process.arch === "arm64" ? "arm64" : "x86_64";
  const packages = join(folder, "packages");
  await osls(["package", "--package", packages, "--param", `architecture=${architecture}`], environment);
  await unzip(join(packages, "zippynet.zip"), join(folder, "task"));
  for (const layer of ["models", "sharp"]) await unzip(join(packages, `${layer}.zip`), join(folder, "opt"));
});

after(async () => {
  for (const { api, child } of started) {
    child.kill("SIGKILL");
    api.stop();
  }
  await s3?.stop();
  if (folder) await rm(folder, { recursive: true });
});

test("the packages make the same files and pictures as the sources", { skip }, async () => {
  const face = await readFile(new URL("../images/face-hat-64.png", import.meta.url));
  const sources = {
    encode: (await import("../../src/handlers/encode.ts")).handler,
    decode: (await import("../../src/handlers/decode.ts")).handler,
  };
  const packaged = { encode: await start("encode"), decode: await start("decode") };
  const store = new ObjectStore(s3.endpoint);

  await packaged.encode.invoke(await put("packaged.png", face));
  await sources.encode(await put("source.png", face));
  const [a, b] = [await latents(store, "packaged.png"), await latents(store, "source.png")];
  assert.ok(a.length > 50 && a.length < 400, `expected a file of 50 to 400 bytes, got ${a.length}`);
  assert.deepEqual(a, b);

  const event = request("packaged.png");
  const answer = (await packaged.decode.invoke(event)) as Awaited<ReturnType<typeof sources.decode>>;
  const expected = await sources.decode(event as Parameters<typeof sources.decode>[0]);
  assert.equal(answer.statusCode, 200, answer.body);
  assert.deepEqual(answer.headers, expected.headers);
  assert.deepEqual(await pixels(answer.body), await pixels(expected.body));
});

async function unzip(archive: string, into: string): Promise<void> {
  await promisify(execFile)("python3", ["-m", "zipfile", "-e", archive, into]);
}

/** A function of the packages, as a process that asks its own runtime API for events. */
async function start(name: "encode" | "decode"): Promise<RuntimeApi> {
  const api = await RuntimeApi.start();
  const task = join(folder, "task");
  const child = spawn(process.execPath, [CLIENT, `dist/functions/${name}.handler`], {
    cwd: task,
    env: {
      PATH: process.env["PATH"],
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_LAMBDA_RUNTIME_API: api.host,
      AWS_LAMBDA_FUNCTION_NAME: name,
      LAMBDA_TASK_ROOT: task,
      ZIPPYNET_LATENTS_BUCKET: "latents",
      ZIPPYNET_MODELS: join(folder, "opt/models"),
      ZIPPYNET_SHARP: join(folder, "opt/nodejs"),
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  started.push({ api, child });
  return api;
}

async function put(key: string, body: Buffer): Promise<unknown> {
  await fetch(`${s3.endpoint}/uploads/${key}`, { method: "PUT", body: new Uint8Array(body) });
  return toS3Event(changes.findLast((change) => change.key === key)!, "us-east-1", 1n);
}

async function latents(store: ObjectStore, key: string): Promise<Uint8Array> {
  const found = await store.read("latents", latentsKey(key));
  assert.ok(found, `expected latents of ${key}, found none`);
  return found.bytes;
}

function request(key: string): unknown {
  return {
    rawPath: `/images/${key}`,
    headers: {},
    pathParameters: { key },
    queryStringParameters: { format: "png" },
    requestContext: { requestId: "r", http: { method: "GET" } },
  };
}

async function pixels(body: string | undefined): Promise<Buffer> {
  return sharp(Buffer.from(body ?? "", "base64"))
    .raw()
    .toBuffer();
}
