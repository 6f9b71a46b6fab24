import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { LocalS3 } from "../../src/local/s3/server.ts";
import { latentsKey } from "../../src/service/aws/keys.ts";
import { ObjectStore } from "../../src/service/aws/s3.ts";
import { manifestOf, reportedTasks } from "../../src/service/backfill/batch-jobs.ts";
import { type Ended, IMAGES, zippynet } from "../cli/run.ts";
import { ONE_ATTEMPT } from "./aws-environment.ts";
import { ACCOUNT, BatchControl, text } from "./batch-control.ts";
import { collect } from "./collect.ts";

const HARD = ["a/b c+d (1).png", "ü/ø%20x.png", "100%.png", "it's&a=b;c, d.png"];
const face = readFileSync(`${IMAGES}/face-hat-64.png`);

let folder: string;
let s3: LocalS3;
let store: ObjectStore;
let control: BatchControl;
let round = 0;
let prefix: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "zippynet-batch-"));
  s3 = await LocalS3.start({ folder, buckets: ["uploads", "latents"], port: 0, onChange: () => undefined });
  store = new ObjectStore(s3.endpoint);
  Object.assign(process.env, {
    ...ONE_ATTEMPT,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    ZIPPYNET_LATENTS_BUCKET: "latents",
    ZIPPYNET_METRICS: "ZippyNet/test",
    ZIPPYNET_JOB_PAUSE: "100",
  });
  const { handler } = await import("../../src/handlers/batch.ts");
  control = await BatchControl.start(store, handler);
  process.env["AWS_ENDPOINT_URL_LAMBDA"] = control.endpoint;
  process.env["AWS_ENDPOINT_URL_S3_CONTROL"] = control.endpoint;
});

after(async () => {
  await Promise.all([s3.stop(), control.stop()]);
  await rm(folder, { recursive: true });
});

beforeEach(() => {
  prefix = `${round++}/`;
});

async function upload(key: string, body: Uint8Array): Promise<void> {
  assert.ok(await store.put("uploads", prefix + key, undefined, { bytes: body, type: "image/png" }));
}

function backfill(...options: string[]): Promise<Ended> {
  return zippynet(["backfill", `s3://uploads/${prefix}`, "--batch", "zippynet-test-batch", ...options]);
}

function json({ out, err }: Ended): Record<string, unknown> {
  assert.notEqual(out.length, 0, err);
  return JSON.parse(out.toString()) as Record<string, unknown>;
}

test("a manifest has a line for each of many keys", () => {
  const keys = Array.from({ length: 25_001 }, (_, i) => `a b/${i}.png`);
  const lines = Buffer.from(manifestOf("uploads", keys)).toString().split("\n");
  assert.deepEqual([lines.length, lines.at(-1)], [25_002, ""]);
  for (const i of [0, 9_999, 10_000, 25_000]) assert.equal(lines[i], `uploads,a%20b/${i}.png`);
});

test("backfill --batch: a job for what has no latents, its failures reported, then nothing to do", async () => {
  for (const key of HARD) await upload(key, face);
  await upload('text, "quoted".png', Buffer.from("no picture"));
  const before = control.jobs.length;
  const dry = json(await backfill("--dry-run", "--json"));
  assert.deepEqual([dry["missing"], control.jobs.length], [HARD.length + 1, before]);
  const { job, transferOut } = dry["cost"] as { job: number; transferOut: number };
  assert.ok(job > 0.25 && job < 0.26 && transferOut === 0, String(job));

  const ended = await backfill("--json");
  assert.equal(ended.code, 1);
  const report = json(ended);
  assert.deepEqual(
    [report["job"], report["encoded"], report["failed"], report["bytesBefore"]],
    [control.jobs[before]!.id, HARD.length, 1, HARD.length * face.length],
  );
  assert.match(ended.err, /text, "quoted"\.png: bad-image: expected /);
  for (const key of HARD) assert.ok(await store.head("latents", latentsKey(prefix + key)), key);

  const { body } = control.jobs[before]!;
  assert.equal(text(body, "FunctionArn").split(":").at(-1), "7"); // a version, not an alias
  assert.equal(text(body, "RoleArn"), `arn:aws:iam::${ACCOUNT}:role/job`);
  const reported = await collect(reportedTasks(store, "latents", control.jobs[before]!.id));
  assert.deepEqual(
    new Set(reported.map(({ key, result }) => `${result.outcome} ${key}`)),
    new Set([...HARD.map((key) => `encoded ${prefix}${key}`), `rejected ${prefix}text, "quoted".png`]),
  );

  await store.delete(
    "uploads",
    `${prefix}text, "quoted".png`,
    (await store.head("uploads", `${prefix}text, "quoted".png`))!.etag,
  );
  const idle = await backfill("--json");
  assert.deepEqual([idle.code, json(idle)["encoded"], control.jobs.length], [0, 0, before + 1]);
});

test("backfill --batch gets through a bucket of which most are no pictures, though S3 stops a job that mostly fails", async () => {
  const texts = Array.from({ length: 6 }, (_, i) => `${i}.txt`);
  for (const key of texts) await upload(key, Buffer.from("no picture"));
  await upload("a.png", face); // in the manifest behind them
  control.threshold = 4;
  const ended = await backfill("--json");
  control.threshold = 1000;
  const { encoded, failed, failures } = json(ended);
  assert.deepEqual([ended.code, encoded, failed], [1, 1, texts.length], ended.err);
  assert.ok(await store.head("latents", latentsKey(`${prefix}a.png`)));
  for (const { error } of failures as { error: { message: string } }[])
    assert.match(error.message, /^bad-image: expected /);
});

test("what S3 counts as done without a new picture is not counted as encoded; --before encodes again", async () => {
  await upload("a.png", face);
  await upload("b.png", face);
  control.held = true;
  const before = control.jobs.length;
  const job = backfill("--json");
  while (control.jobs.length === before) await new Promise((resolve) => setTimeout(resolve, 50));
  await store.delete("uploads", `${prefix}b.png`, (await store.head("uploads", `${prefix}b.png`))!.etag);
  control.held = false;
  const { encoded, failed } = json(await job);
  assert.deepEqual([encoded, failed], [1, 0]);
  const again = json(await backfill("--json", "--before", "2100-01-01"));
  assert.deepEqual([again["outdated"], again["encoded"]], [1, 1]);
});

test("backfill --batch again follows the job that is under way, if it is for the same", async () => {
  await upload("a.png", face);
  control.held = true;
  const before = control.jobs.length;
  const first = backfill("--json");
  while (control.jobs.length === before) await new Promise((resolve) => setTimeout(resolve, 50));
  const second = backfill();
  // until it has looked for jobs under way, however long its start takes
  const looks = () => control.requests.filter((request) => /^GET .*\/jobs$/.test(request)).length;
  for (const seen = looks(); looks() === seen; ) await new Promise((resolve) => setTimeout(resolve, 50));
  const others = ["--before=2026-01-01", "--before=2026-01-02", "--batch=zippynet-else-batch"].map((option) =>
    backfill("--json", option),
  );
  while (control.jobs.length < before + 4) await new Promise((resolve) => setTimeout(resolve, 50));
  control.held = false;
  const { job, encoded, failed } = json(await first);
  const { id } = control.jobs[before]!;
  assert.deepEqual([job, failed], [id, 0]);
  const { out, err } = await second;
  assert.match(err, new RegExp(`^job ${id} is under way`));
  // it has counted no uploads; the other jobs may have encoded this one before
  assert.match(out.toString(), encoded === 1 ? /^1 encoded, 11\.2 kB → \d+ B\n$/ : /^0 encoded\n$/);
  await Promise.all(others);
  assert.equal(control.jobs.length, before + 4);
});

test("a function that is no batch function is an error, and options that do not go together are", async () => {
  const ended = await backfill("--prune");
  assert.equal(ended.code, 2);
  assert.match(ended.err, /expected --batch without --prune/);
});
