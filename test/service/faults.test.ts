import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { toS3Event } from "../../src/local/notification.ts";
import { LocalS3, type ObjectChange } from "../../src/local/s3/server.ts";
import { openModels } from "../../src/model/folder.ts";
import { usualModels } from "../../src/model/models.ts";
import { ObjectStore } from "../../src/service/aws/s3.ts";
import { ONE_ATTEMPT } from "./aws-environment.ts";
import { type Fault, FaultyS3 } from "./faulty-s3.ts";
import { logged } from "./logged.ts";

/** Deliveries that Lambda makes of an event before it puts it into the failures queue. */
const DELIVERIES = 3;

const MODELS = fileURLToPath(new URL("../../models", import.meta.url));
const HANDLER = new URL("../../src/handlers/encode.ts", import.meta.url).href;

let folder: string;
let weights: string;
let s3: LocalS3;
let faulty: FaultyS3;
/** Past the faults. */
let store: ObjectStore;
let face: Uint8Array;
let other: Uint8Array;
let changes: ObjectChange[];
let handler: typeof import("../../src/handlers/encode.ts").handler;
let lines: Record<string, unknown>[];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "zippynet-faults-"));
  await cp(MODELS, join(folder, "models"), { recursive: true });
  const [usual] = usualModels((await openModels(MODELS)).list());
  weights = join(folder, "models", usual!.name, "g_a.safetensors");
  s3 = await LocalS3.start({
    folder: join(folder, "s3"),
    buckets: ["uploads", "latents"],
    port: 0,
    onChange: (change) => void changes.push(change),
  });
  faulty = await FaultyS3.start(s3.endpoint);
  Object.assign(process.env, {
    ...ONE_ATTEMPT,
    AWS_ENDPOINT_URL_S3: faulty.endpoint,
    ZIPPYNET_LATENTS_BUCKET: "latents",
    ZIPPYNET_MODELS: join(folder, "models"),
    ZIPPYNET_METRICS: "ZippyNet/test",
  });
  store = new ObjectStore(s3.endpoint);
  const read = (name: string): Promise<Uint8Array> => readFile(new URL(`../images/${name}`, import.meta.url));
  [face, other] = await Promise.all([read("face-hat-64.png"), read("face-paint-64.png")]);
});

beforeEach(() => {
  changes = [];
  lines = [];
  faulty.faults = 0;
  faulty.mishap = () => undefined;
});

after(async () => {
  faulty.stop();
  await s3.stop();
  await rm(folder, { recursive: true });
});

/** Uploads, past the faults; the event that S3 sends of it. */
async function upload(key: string, body: Uint8Array): Promise<unknown> {
  const standing = await store.head("uploads", key);
  assert.ok(await store.put("uploads", key, standing?.etag, { bytes: body, type: "image/png" }));
  return toS3Event(changes.at(-1)!, "us-east-1", 7n);
}

async function remove(key: string): Promise<unknown> {
  assert.ok(await store.delete("uploads", key, (await store.head("uploads", key))!.etag));
  return toS3Event(changes.at(-1)!, "us-east-1", 8n);
}

function latents(key: string): Promise<Uint8Array | undefined> {
  return store.read("latents", `${key}.zn`).then((found) => found?.bytes);
}

/** One delivery; whether the function says that it handled the event. */
async function deliver(event: unknown): Promise<boolean> {
  lines = [];
  return logged(lines, async () => {
    try {
      await handler(event, { awsRequestId: "request-1" });
      return true;
    } catch {
      return false;
    }
  });
}

function assertFailureSeen(words: RegExp): void {
  const line = lines.at(-1)!;
  assert.deepEqual([line["level"], line["message"], line["Failed"]], ["error", "upload failed", 1]);
  assert.ok("_aws" in line);
  assert.match(JSON.stringify(line["error"]), words);
}

test("a layer with a flipped bit: nothing is encoded with it, and the event passes when the layer is mended", async () => {
  const sound = await readFile(weights);
  const flipped = Buffer.from(sound);
  flipped[flipped.length >> 1]! ^= 1;
  await writeFile(weights, flipped);
  ({ handler } = await import("../../src/handlers/encode.ts"));
  const event = await upload("layer", face);
  for (let i = 0; i < 2; i++) {
    assert.equal(await deliver(event), false);
    assertFailureSeen(/g_a\.safetensors: expected SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}/);
    assert.equal(await latents("layer"), undefined);
  }
  await writeFile(weights, sound);
  assert.equal(await deliver(event), true);
  assert.ok(await latents("layer"));
});

for (const fault of ["500", "503", "cut", "half", "lost"] as const satisfies Fault[]) {
  test(`${fault} at each request in turn: old or new latents stand, whole, and the event comes again`, async () => {
    const key = `turns/${fault}`;
    await deliver(await upload("expected", face));
    const made = await latents("expected");
    await deliver(await upload("expected", other));
    const before = await latents("expected");
    let failed = 0;
    for (const what of ["replace", "remove"] as const) {
      for (let turn = 0, reached = true; reached; turn++) {
        await deliver(await upload(key, other));
        assert.deepEqual(await latents(key), before);
        const event = what === "replace" ? await upload(key, face) : await remove(key);
        const wanted = what === "replace" ? made : undefined;
        let requests = 0;
        faulty.faults = 0;
        faulty.mishap = () => (requests++ === turn ? fault : undefined);
        let handled = false;
        for (let delivery = 0; delivery < DELIVERIES && !handled; delivery++) {
          handled = await deliver(event);
          if (handled) continue;
          failed++;
          assertFailureSeen(/./);
          const standing = await latents(key);
          const whole = [before, wanted].some((each) => Buffer.compare(each ?? NONE, standing ?? NONE) === 0);
          assert.ok(whole, `${what}, request ${turn}: something wrong was written`);
        }
        reached = faulty.faults > 0; // until a turn is beyond the last request
        faulty.mishap = () => undefined;
        assert.ok(handled, `${what}, request ${turn}`);
        assert.deepEqual(await latents(key), wanted, `${what}, request ${turn}`);
      }
    }
    assert.ok(failed >= 4, `expected most faults to fail the function once, got ${failed}`);
  });
}

const NONE = Buffer.from("none");

test("S3 stays away: every delivery fails, loudly, and nothing is lost", async () => {
  const event = await upload("away", face);
  faulty.mishap = () => "503";
  for (let delivery = 0; delivery < DELIVERIES; delivery++) {
    assert.equal(await deliver(event), false); // the third time, Lambda puts the event into the failures queue
    assertFailureSeen(/./);
  }
  assert.equal((await store.head("uploads", "away"))?.size, face.length);
  faulty.mishap = () => undefined;
  assert.equal(await deliver(event), true); // as `redrive` does
  assert.ok(await latents("away"));
});

for (const [fault, what] of [
  ["cut", "before its write"],
  ["lost", "after its write"],
] as const) {
  test(`a function that dies ${what}: the next delivery makes it good`, async () => {
    const key = `killed/${fault}`;
    const event = await upload(key, face);
    let child: ChildProcess | undefined;
    faulty.mishap = (method) => {
      if (method !== "PUT") return undefined;
      if (fault === "cut") child?.kill("SIGKILL");
      return fault;
    };
    const script = `const { handler } = await import(${JSON.stringify(HANDLER)}); await handler(${JSON.stringify(event)});`;
    child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    assert.ok(fault === "cut" ? signal === "SIGKILL" : code !== 0);
    assert.equal(faulty.faults, 1);
    assert.equal((await latents(key)) !== undefined, fault === "lost");
    faulty.mishap = () => undefined;
    assert.equal(await deliver(event), true);
    assert.equal(lines.at(-1)!["outcome"], fault === "lost" ? "current" : "encoded");
    assert.ok(await latents(key));
  });
}

test("with its usual attempts the client rides out a slow-down, and an answer that never comes", async () => {
  await upload("patience", face);
  process.env["AWS_MAX_ATTEMPTS"] = "3";
  const patient = new ObjectStore(faulty.endpoint);
  for (const fault of ["503", "hang"] as const) {
    faulty.faults = 0;
    faulty.mishap = () => (faulty.faults === 0 ? fault : undefined);
    assert.equal((await patient.head("uploads", "patience"))?.size, face.length);
    assert.equal(faulty.faults, 1);
  }
});
