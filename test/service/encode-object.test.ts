import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { LocalS3 } from "../../src/local/s3/server.ts";
import { openModels } from "../../src/model/folder.ts";
import { ObjectStore } from "../../src/service/aws/s3.ts";
import type { ServiceContext } from "../../src/service/encode/context.ts";
import { encodeObject, type Outcome } from "../../src/service/encode/encode-object.ts";
import { readSettings } from "../../src/service/settings.ts";
import { AWS_ENVIRONMENT } from "./aws-environment.ts";

const UPLOADS = "uploads";
const LATENTS = "latents";

/** A store that lets a test do something between what the service read and what it is about to write. */
class InterruptedStore extends ObjectStore {
  interruption: (() => Promise<unknown>) | undefined;

  override async put(...args: Parameters<ObjectStore["put"]>): Promise<boolean> {
    await this.#interrupt();
    return super.put(...args);
  }

  override async delete(...args: Parameters<ObjectStore["delete"]>): Promise<boolean> {
    await this.#interrupt();
    return super.delete(...args);
  }

  async #interrupt(): Promise<void> {
    const interruption = this.interruption;
    this.interruption = undefined;
    await interruption?.();
  }
}

let folder: string;
let s3: LocalS3;
let store: InterruptedStore;
let context: ServiceContext;
let pictures: Uint8Array[];

before(async () => {
  Object.assign(process.env, AWS_ENVIRONMENT);
  folder = await mkdtemp(join(tmpdir(), "zippynet-encode-"));
  s3 = await LocalS3.start({ folder, buckets: [UPLOADS, LATENTS], port: 0, onChange: () => undefined });
  const images = new URL("../images/", import.meta.url);
  pictures = await Promise.all(
    ["face-hat-64.png", "face-paint-64.png", "face-pearls-64.png"].map((name) =>
      readFile(new URL(name, images)),
    ),
  );
  const settings = readSettings({ ZIPPYNET_LATENTS_BUCKET: LATENTS });
  context = { store: new ObjectStore(s3.endpoint), models: await openModels(), settings };
});

beforeEach(() => {
  store = new InterruptedStore(s3.endpoint);
  context = { ...context, store };
});

after(async () => {
  await s3.stop();
  await rm(folder, { recursive: true });
});

async function upload(
  key: string,
  body: Uint8Array | string,
  metadata: Record<string, string> = {},
  tags: Record<string, string> = {},
): Promise<void> {
  const headers = Object.entries(metadata).map(([name, value]): [string, string] => [
    `x-amz-meta-${name}`,
    value,
  ]);
  headers.push(["x-amz-tagging", new URLSearchParams(tags).toString()]);
  const answer = await fetch(`${s3.endpoint}/${UPLOADS}/${key}`, {
    method: "PUT",
    body: Buffer.from(body),
    headers,
  });
  assert.ok(answer.ok);
}

async function remove(key: string): Promise<void> {
  await fetch(`${s3.endpoint}/${UPLOADS}/${key}`, { method: "DELETE" });
}

function encode(key: string, sequencer?: string): Promise<Outcome> {
  return encodeObject(context, { bucket: UPLOADS, key, sequencer });
}

/** The latents of a key are those of its upload, or both are missing. */
async function assertInLine(key: string): Promise<void> {
  const source = await store.head(UPLOADS, key);
  const latents = await store.head(LATENTS, `${key}.zn`);
  assert.equal(latents?.metadata["source-etag"], source?.etag.replaceAll('"', ""));
}

test("an upload becomes latents that say what they are made of", async () => {
  await upload("one", pictures[0]!, { model: "faces" });
  const outcome = await encode("one", "0A");
  assert.ok(outcome.outcome === "encoded");
  const latents = await store.read(LATENTS, "one.zn");
  assert.ok(latents);
  const { psnr, ...rest } = latents.metadata;
  assert.ok(Number(psnr) > 24 && Number(psnr) < 40, psnr);
  assert.deepEqual(rest, {
    model: "faces",
    "model-number": "1",
    "models-tried": "faces",
    target: "quality 50",
    quality: "50",
    effort: "0",
    "source-etag": (await store.head(UPLOADS, "one"))!.etag.replaceAll('"', ""),
    "source-size": String(pictures[0]!.length),
    sequencer: "0A",
    width: "64",
    height: "64",
    "bytes-before": String(pictures[0]!.length),
    "bytes-after": String(latents.bytes.length),
  });
  assert.ok(latents.bytes.length < 600);
  await assertInLine("one");
});

test("the same event again changes nothing", async () => {
  await upload("twice", pictures[0]!);
  assert.equal((await encode("twice")).outcome, "encoded");
  assert.equal((await encode("twice")).outcome, "current");
});

test("an upload's own quality counts, and one out of range is refused", async () => {
  for (const [quality, bytes] of [
    ["1", 150],
    ["100", 3000],
  ] as const) {
    await upload("own", pictures[0]!, { quality });
    const outcome = await encode("own");
    assert.ok(outcome.outcome === "encoded");
    assert.equal(outcome.metadata["target"], `quality ${quality}`);
    assert.ok(Number(outcome.metadata["bytes-after"]) < bytes);
  }
  for (const quality of ["0", "101", "-1", "5.5", "high", ""]) {
    await upload("own", pictures[0]!, { "zippynet-quality": quality });
    const outcome = await encode("own");
    if (quality === "" && outcome.outcome !== "rejected") continue; // an empty header may be dropped on the way
    assert.ok(outcome.outcome === "rejected", quality);
    assert.match(outcome.reason.message, /expected the metadata or tag "zippynet-quality" to be 1–100, got/);
    await assert.doesNotReject(async () => assert.equal(await store.head(LATENTS, "own.zn"), undefined));
  }
});

test("metadata and tags that were never meant for us reject no picture", async () => {
  const foreign = { quality: "high", model: "iPhone 15 Pro", effort: "high", psnr: "-", "max-bytes": "2 MB" };
  for (const [metadata, tags] of [
    [foreign, {}],
    [{}, { model: "iPhone 15 Pro", quality: "high" }],
    [{ quality: "90", psnr: "40" }, {}], // both cannot be meant
    [{ "zippynet-other": "1", zippynetquality: "7" }, {}],
  ] as const) {
    await upload("foreign", pictures[0]!, metadata, tags);
    const outcome = await encodeObject(context, { bucket: UPLOADS, key: "foreign", again: true });
    assert.ok(outcome.outcome === "encoded", JSON.stringify(outcome));
    assert.equal(outcome.metadata["target"], "quality 50");
    assert.equal(outcome.metadata["models-tried"], "auto");
    assert.equal(outcome.metadata["effort"], "0");
  }
});

test("names with the prefix come before bare ones, of tags too", async () => {
  await upload(
    "prefix",
    pictures[0]!,
    { quality: "20" },
    { "zippynet-psnr": "27", "zippynet-model": "faces" },
  );
  const outcome = await encode("prefix");
  assert.ok(outcome.outcome === "encoded", JSON.stringify(outcome));
  assert.deepEqual([outcome.metadata["target"], outcome.metadata["models-tried"]], ["psnr 27", "faces"]);
});

test("an uploader gets no more effort than is allowed, and nothing where uploads may ask for nothing", async () => {
  const wish = { "zippynet-effort": "9", "zippynet-psnr": "26", "zippynet-model": "faces" };
  await upload("greedy", pictures[0]!, wish);
  const made = async (environment: Record<string, string>) => {
    const settings = readSettings({ ZIPPYNET_LATENTS_BUCKET: LATENTS, ...environment });
    const outcome = await encodeObject({ ...context, settings }, { bucket: UPLOADS, key: "greedy" });
    assert.ok(outcome.outcome === "encoded", JSON.stringify(outcome));
    return outcome.metadata;
  };
  const { effort, budget } = await made({ ZIPPYNET_MAX_EFFORT: "0" });
  assert.deepEqual([effort, budget], ["0", "effort 9 asked, 0 allowed"]);
  const none = await made({ ZIPPYNET_UPLOADER_OPTIONS: "off", ZIPPYNET_MODEL: "faces" });
  assert.deepEqual([none["target"], none["effort"], none["budget"]], ["quality 50", "0", undefined]);
});

test("a search that would cost more than an upload may ends with its best so far, and says so", async () => {
  await upload("dear", pictures[0]!, {
    "zippynet-psnr": "45",
    "zippynet-effort": "2",
    "zippynet-model": "faces",
  });
  const settings = readSettings({ ZIPPYNET_LATENTS_BUCKET: LATENTS, ZIPPYNET_ENCODE_BUDGET: "5" });
  const outcome = await encodeObject({ ...context, settings }, { bucket: UPLOADS, key: "dear" });
  assert.ok(outcome.outcome === "encoded", JSON.stringify(outcome));
  assert.equal(outcome.metadata["budget"], "the search was cut short");
  assert.equal(
    (await encodeObject({ ...context, settings }, { bucket: UPLOADS, key: "dear" })).outcome,
    "current",
  );
});

test("with too little time left, nothing is begun, and the event is to come again", async () => {
  await upload("late", pictures[0]!);
  const limits = { deadline: performance.now() + 10_000 };
  await assert.rejects(
    encodeObject(context, { bucket: UPLOADS, key: "late" }, limits),
    /too little time is left/,
  );
  assert.equal((await encode("late")).outcome, "encoded");
});

test("an upload may ask for decibels, bytes, an effort, a look and a model; what it asks for wrongly is refused", async () => {
  const made = async (metadata: Record<string, string>) => {
    await upload("asked", pictures[0]!, metadata);
    const outcome = await encode("asked");
    assert.ok(outcome.outcome === "encoded", JSON.stringify(outcome));
    return outcome.metadata;
  };
  const decibels = await made({ psnr: "28.5" });
  assert.equal(decibels["target"], "psnr 28.5");
  assert.ok(Number(decibels["psnr"]) >= 28.5 && Number(decibels["psnr"]) < 29.2, decibels["psnr"]);
  const fitting = await made({ "max-bytes": "150", model: "faces" });
  assert.ok(Number(fitting["bytes-after"]) <= 150 && Number(fitting["bytes-after"]) > 130);
  assert.equal((await made({ effort: "1" }))["effort"], "1");
  // as long as metadata can be: the latents would have no room for theirs
  const often = await made({ "zippynet-model": new Array(330).fill("faces").join() });
  assert.equal(often["models-tried"], "faces");
  const both = await made({ "zippynet-model": "portraits-2, faces ,portraits-2" });
  assert.equal(both["models-tried"], "portraits-2,faces");
  const usual = await made({ "zippynet-effort": "2", "zippynet-model": "portraits-2" });
  const natural = { "zippynet-tune": "natural", "zippynet-model": "portraits-2" };
  const tuned = await made({ "zippynet-effort": "2", ...natural });
  assert.deepEqual([usual["tune"], tuned["tune"]], [undefined, "natural"]);
  assert.notEqual(tuned["psnr"], usual["psnr"]); // that of the natural picture
  for (const [metadata, message] of [
    [{ "zippynet-psnr": "none" }, /"zippynet-psnr" to be 1–100, got "none"/],
    [{ "zippynet-tune": "pretty" }, /"zippynet-tune" to be faithful or natural, got "pretty"/],
    [{ "zippynet-effort": "10" }, /"zippynet-effort" to be 0–9, got "10"/],
    [
      { "zippynet-quality": "50", "zippynet-psnr": "30" },
      /one of zippynet-quality, zippynet-psnr, zippynet-max-bytes, got zippynet-quality and zippynet-psnr/,
    ],
    [{ "max-bytes": "9", model: "faces" }, /at most 9 bytes, the least possible is \d+/],
    [{ "zippynet-model": "cats" }, /"zippynet-model" to be one or more of auto, faces, .*, got "cats"/],
  ] as const) {
    await upload("asked", pictures[0]!, metadata);
    const outcome = await encode("asked");
    assert.ok(outcome.outcome === "rejected");
    assert.match(outcome.reason.message, message);
  }
});

test("latents that were tuned for another look are outdated", async () => {
  await upload("looked", pictures[0]!);
  const settings = readSettings({ ZIPPYNET_LATENTS_BUCKET: LATENTS, ZIPPYNET_TUNE: "natural" });
  const made = async (wanted: typeof settings) =>
    (await encodeObject({ ...context, settings: wanted }, { bucket: UPLOADS, key: "looked" })).outcome;
  const outcomes: string[] = [];
  for (const each of [context.settings, settings, settings, context.settings])
    outcomes.push(await made(each));
  assert.deepEqual(outcomes, ["encoded", "encoded", "current", "encoded"]);
});

test("an upload may ask by its tags too; its metadata come first, and tags that ask for nothing do no harm", async () => {
  const made = async (metadata: Record<string, string>, tags: Record<string, string>) => {
    await upload("tagged", pictures[0]!, metadata, tags);
    const outcome = await encode("tagged");
    assert.ok(outcome.outcome === "encoded", JSON.stringify(outcome));
    return [outcome.metadata["models-tried"], outcome.metadata["target"]];
  };
  assert.deepEqual(await made({}, { "max-bytes": "150", model: "faces" }), ["faces", "max-bytes 150"]);
  assert.deepEqual(await made({ quality: "30" }, { quality: "70", model: "faces" }), ["faces", "quality 30"]);
  assert.deepEqual(await made({}, { team: "shop & café", origin: "a+b" }), ["auto", "quality 50"]);
  await upload("tagged", pictures[0]!, {}, { "zippynet-quality": "high" });
  const outcome = await encode("tagged");
  assert.ok(outcome.outcome === "rejected");
  assert.match(outcome.reason.message, /metadata or tag "zippynet-quality" to be 1–100, got "high"/);
});

test("an upload that changes while it is encoded: the newer one stands in the end", async () => {
  await upload("race", pictures[0]!);
  store.interruption = () => upload("race", pictures[1]!);
  assert.equal((await encode("race")).outcome, "encoded");
  await assertInLine("race");
  // and so when the newer event was even done before the older one writes
  await upload("race", pictures[0]!);
  store.interruption = async () => {
    await upload("race", pictures[2]!);
    assert.equal((await encode("race")).outcome, "encoded");
  };
  assert.equal((await encode("race")).outcome, "current");
  await assertInLine("race");
});

test("metadata that change and change back while the body stays: what is asked for last stands", async () => {
  const ask = (quality: string) => upload("flip", pictures[0]!, { quality, model: "faces" });
  await ask("20");
  await encode("flip");
  await ask("80");
  store.interruption = async () => {
    await ask("20");
    assert.equal((await encode("flip")).outcome, "current");
  };
  await encode("flip");
  assert.equal((await store.head(LATENTS, "flip.zn"))?.metadata["target"], "quality 20");
});

test("an upload that is deleted while it is encoded leaves no latents", async () => {
  await upload("fleeting", pictures[0]!);
  store.interruption = () => remove("fleeting");
  assert.equal((await encode("fleeting")).outcome, "removed");
  await assertInLine("fleeting");
  assert.equal((await encode("fleeting")).outcome, "absent");
});

test("latents do not go because a bucket of uploads is not there", async () => {
  await upload("kept", pictures[0]!);
  await encode("kept");
  await assert.rejects(encodeObject(context, { bucket: "no-such-bucket", key: "kept" }), {
    name: "NotFound",
  });
  await assertInLine("kept");
});

test("an upload that comes back while its removal is handled keeps its latents", async () => {
  await upload("back", pictures[0]!);
  await encode("back");
  await remove("back");
  store.interruption = async () => {
    await upload("back", pictures[0]!);
    await encode("back");
  };
  assert.equal((await encode("back")).outcome, "encoded");
  await assertInLine("back");
});

test("a replacement that cannot be encoded takes the old picture's latents away", async () => {
  await upload("worse", pictures[0]!);
  await encode("worse");
  await upload("worse", "this is no picture");
  const outcome = await encode("worse");
  assert.ok(outcome.outcome === "rejected");
  assert.equal(outcome.reason.code, "bad-image");
  assert.equal(await store.head(LATENTS, "worse.zn"), undefined);
  assert.equal((await store.head(UPLOADS, "worse"))?.size, 18);
});

test("its own bucket, a key without room for .zn and too many bytes are refused", async () => {
  const own = await encodeObject(context, { bucket: LATENTS, key: "a.zn" });
  assert.ok(own.outcome === "rejected" && /outside the bucket of the latents/.test(own.reason.message));
  const key = "x".repeat(1022);
  await upload(key, pictures[0]!);
  const long = await encode(key);
  assert.ok(long.outcome === "rejected" && /at most 1021 bytes.*got 1022/.test(long.reason.message));
  await remove(key);
  assert.equal((await encode(key)).outcome, "absent"); // nothing is left to complain of
  await upload("big", pictures[0]!);
  const settings = readSettings({ ZIPPYNET_LATENTS_BUCKET: LATENTS, ZIPPYNET_MAX_UPLOAD_BYTES: "1000" });
  const big = await encodeObject({ ...context, settings }, { bucket: UPLOADS, key: "big" });
  assert.ok(big.outcome === "rejected" && big.reason.code === "too-large");
});

test("what may pass by itself is thrown: S3 out of reach, a model that is not here", async () => {
  await upload("plain", pictures[0]!);
  const nowhere = new ObjectStore("http://127.0.0.1:9");
  await assert.rejects(encodeObject({ ...context, store: nowhere }, { bucket: UPLOADS, key: "plain" }));
  const settings = readSettings({ ZIPPYNET_LATENTS_BUCKET: LATENTS, ZIPPYNET_MODEL: "dragons" });
  const task = encodeObject({ ...context, settings }, { bucket: UPLOADS, key: "plain" });
  await assert.rejects(task, { code: "unknown-model" });
});

test("a storm of uploads, deletes and their events, out of order and at once, ends in line", async () => {
  const bodies = [...pictures, "no picture"];
  const running: Promise<unknown>[] = [];
  let seed = 7;
  for (let i = 0; i < 24; i++) {
    seed = (seed * 48271) % 2147483647;
    const key = `storm-${seed % 3}`;
    const choice = (seed >> 4) % (bodies.length + 1);
    const body = bodies[choice];
    await (body === undefined ? remove(key) : upload(key, body));
    const late = new Promise((resolve) => setTimeout(resolve, (seed >> 8) % 60));
    running.push(late.then(() => encode(key)).catch(() => encode(key))); // as Lambda tries again
    if (i % 5 === 0) await running[i];
  }
  await Promise.all(running);
  for (const key of ["storm-0", "storm-1", "storm-2"]) {
    const source = await store.read(UPLOADS, key);
    if (source && Buffer.from(source.bytes).toString() === "no picture") {
      assert.equal(await store.head(LATENTS, `${key}.zn`), undefined);
    } else {
      await assertInLine(key);
    }
  }
});

test("settings out of their range name the variable", () => {
  assert.throws(() => readSettings({}), /ZIPPYNET_LATENTS_BUCKET/);
  for (const [name, value] of [
    ["ZIPPYNET_QUALITY", "0"],
    ["ZIPPYNET_QUALITY", "50.5"],
    ["ZIPPYNET_MAX_AGE", "-1"],
    ["ZIPPYNET_MAX_UPLOAD_BYTES", "many"],
  ] as const) {
    assert.throws(
      () => readSettings({ ZIPPYNET_LATENTS_BUCKET: LATENTS, [name]: value }),
      new RegExp(`${name}: expected a whole number of .* got "?${value.replace(".", "\\.")}`),
    );
  }
});
