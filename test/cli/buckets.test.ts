import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { psnr } from "../../src/codec/rate-distortion.ts";
import { readImage } from "../../src/image/read.ts";
import { LocalS3 } from "../../src/local/s3/server.ts";
import { ObjectStore } from "../../src/service/aws/s3.ts";
import { ONE_ATTEMPT } from "../service/aws-environment.ts";
import { collect } from "../service/collect.ts";
import { LocalSqs } from "../service/local-sqs.ts";
import { type Ended, IMAGES, LAUNCHER, scratch, zippynet } from "./run.ts";

const HARD = [
  "a/b c+d (1).png",
  "ü/ø%20x.png",
  "100%.png",
  "it's&a=b;c.png",
  "日本/😀.png",
  "a",
  "a-b",
  "a.png",
  "../up",
];
const [UPLOADS, LATENTS] = ["zippynet-local-uploads", "zippynet-local-latents"];

const at = scratch();
const face = readFileSync(`${IMAGES}/face-hat-64.png`);
const other = readFileSync(`${IMAGES}/face-paint-64.png`);

let s3: LocalS3;
let sqs: LocalSqs;
let store: ObjectStore;
let round = 0;
/** The keys of a test begin with it. */
let prefix: string;

before(async () => {
  Object.assign(process.env, ONE_ATTEMPT);
  sqs = await LocalSqs.start();
  mkdirSync(at("s3"));
  s3 = await LocalS3.start({
    folder: at("s3"),
    buckets: [UPLOADS, LATENTS, "empty"],
    port: 0,
    onChange: () => undefined,
  });
  store = new ObjectStore(s3.endpoint);
  // what the running service leaves for programs, the commands among them
  process.env["ZIPPYNET_LOCAL"] = at();
  const keys = { region: "us-east-1", accessKeyId: "a", secretAccessKey: "b" };
  const local = { s3: { endpoint: s3.endpoint, ...keys }, uploadsBucket: UPLOADS, latentsBucket: LATENTS };
  writeFileSync(at("local.json"), JSON.stringify(local));
  process.env["AWS_ENDPOINT_URL_SQS"] = sqs.endpoint;
});

after(() => Promise.all([s3.stop(), sqs.stop()]));

beforeEach(() => {
  prefix = `${round++}/`;
});

async function put(key: string, body: Uint8Array | string, metadata = {}): Promise<void> {
  const bytes = Buffer.from(body);
  const head = await store.head(UPLOADS, prefix + key);
  assert.ok(await store.put(UPLOADS, prefix + key, head?.etag, { bytes, type: "image/png", metadata }));
}

function backfill(...options: string[]): Promise<Ended> {
  return zippynet(["backfill", `s3://${UPLOADS}/${prefix}`, ...options]);
}

function json({ out }: Ended): Record<string, unknown> {
  return JSON.parse(out.toString()) as Record<string, unknown>;
}

function counts(ended: Ended): Record<string, unknown> {
  const { bytes: _, cost: __, bytesBefore: ___, bytesAfter: ____, failures: _____, ...rest } = json(ended);
  return rest;
}

test("backfill encodes what has no latents, once; hard keys, folders and bad uploads among them", async () => {
  for (const [i, key] of HARD.entries()) await put(key, i % 2 ? face : other);
  await put("bad.png", "no picture");
  await put("folder/", "");
  const dry = await backfill("--dry-run", "--json");
  assert.equal(dry.code, 0, dry.err);
  assert.deepEqual(counts(dry), { uploads: 10, missing: 10, outdated: 0, current: 0, orphan: 0 });
  assert.equal((await collect(store.list(LATENTS, prefix))).length, 0);

  const first = await backfill("--json", "--jobs", "2");
  assert.equal(first.code, 1);
  assert.match(first.err, /zippynet: s3:\/\/zippynet-local-uploads\/0\/bad\.png: expected an image of type/);
  assert.deepEqual(counts(first), {
    uploads: 10,
    missing: 10,
    outdated: 0,
    current: 0,
    orphan: 0,
    encoded: 9,
    removed: 0,
    failed: 1,
  });
  const { bytesBefore, bytesAfter } = json(first);
  assert.ok(Number(bytesBefore) > 20_000 && Number(bytesAfter) < 5000);
  for (const key of HARD) {
    const latents = await store.head(LATENTS, `${prefix}${key}.zn`);
    assert.ok(Number(latents?.metadata["model-number"]) >= 1, key);
  }

  const second = await backfill("--jobs", "1");
  assert.equal(second.code, 1);
  assert.match(
    second.out.toString(),
    /^10 uploads in .*: 9 up to date, 1 without latents, 0 with outdated ones; 0 latents/,
  );
  assert.match(second.out.toString(), /\n0 encoded, 0 B → 0 B, 1 failed\n$/);
});

test("backfill finds what is outdated: another upload, other settings, an earlier time; what asks for its own is left", async () => {
  await put("one.png", face);
  await put("two.png", face, { quality: "20" });
  assert.deepEqual((await backfill("--jobs", "1")).code, 0);
  const states = async (...options: string[]) => {
    const { missing, outdated, current, encoded } = json(await backfill("--json", "--jobs", "1", ...options));
    return { missing, outdated, current, encoded };
  };
  assert.deepEqual(await states(), { missing: 0, outdated: 0, current: 2, encoded: 0 });
  await put("one.png", other);
  assert.deepEqual(await states(), { missing: 0, outdated: 1, current: 1, encoded: 1 });
  process.env["ZIPPYNET_QUALITY"] = "60";
  assert.deepEqual(await states(), { missing: 0, outdated: 1, current: 1, encoded: 1 });
  await sleep(10);
  const now = new Date().toISOString();
  assert.deepEqual(await states("--before", now), { missing: 0, outdated: 2, current: 0, encoded: 2 });
  assert.deepEqual(await states("--before", now), { missing: 0, outdated: 0, current: 2, encoded: 0 });
  delete process.env["ZIPPYNET_QUALITY"];
});

test("two backfills at once encode each upload once, and count it once", async () => {
  for (let i = 0; i < 8; i++) await put(`${i}.png`, i % 2 ? face : other);
  const both = await Promise.all([backfill("--json", "--jobs", "1"), backfill("--json", "--jobs", "1")]);
  const reports = both.map((ended) => counts(ended) as Record<string, number>);
  assert.equal(reports[0]!["encoded"]! + reports[1]!["encoded"]!, 8, JSON.stringify(reports));
  for (const { uploads, missing, outdated, current, encoded } of reports) {
    assert.deepEqual([uploads, missing, outdated, current], [8, encoded, 0, 8 - encoded!]);
  }
});

test("latents whose upload is gone stay, unless they are to be pruned", async () => {
  await put("gone.png", face);
  await put("stays.png", face);
  await backfill("--jobs", "1");
  const head = await store.head(UPLOADS, `${prefix}gone.png`);
  await store.delete(UPLOADS, `${prefix}gone.png`, head!.etag);
  const kept = json(await backfill("--json", "--jobs", "1"));
  assert.deepEqual([kept["orphan"], kept["removed"], kept["current"]], [1, 0, 1]);
  assert.ok(await store.head(LATENTS, `${prefix}gone.png.zn`));
  assert.equal(json(await backfill("--json", "--jobs", "1", "--prune"))["removed"], 1);
  const left = await collect(store.list(LATENTS, prefix));
  assert.deepEqual(
    left.map(({ key }) => key),
    [`${prefix}stays.png.zn`],
  );
});

test("--prune with an empty bucket, hardly the one that the latents were made of, deletes nothing", async () => {
  await put("stays.png", face);
  await backfill("--jobs", "1");
  const wrong = ["backfill", "s3://empty", "--latents-bucket", LATENTS, "--jobs", "1"];
  process.env["AWS_ENDPOINT_URL_S3"] = s3.endpoint;
  const ended = await zippynet([...wrong, "--prune"]);
  delete process.env["AWS_ENDPOINT_URL_S3"];
  assert.equal(ended.code, 2, ended.err);
  assert.match(ended.err, /expected --prune with a bucket that has uploads, got empty, which is empty/);
  assert.ok(await store.head(LATENTS, `${prefix}stays.png.zn`));
});

test("verify finds latents that are damaged or not as good as promised", async () => {
  for (const key of ["good", "foreign", "worse", "alone", "changed"]) await put(key, face);
  await backfill("--jobs", "1");
  const latents = async (key: string) => (await store.read(LATENTS, `${prefix}${key}.zn`))!;
  const write = async (key: string, body: Uint8Array, metadata: Readonly<Record<string, string>>) => {
    const standing = await store.head(LATENTS, `${prefix}${key}.zn`);
    await store.put(LATENTS, `${prefix}${key}.zn`, standing!.etag, {
      bytes: body,
      type: "image/x-zippynet",
      metadata,
    });
  };
  const good = await latents("good");
  await write("foreign", Buffer.from("foreign bytes"), good.metadata);
  await write("worse", good.bytes, { ...good.metadata, psnr: "45.00" });
  const alone = await store.head(UPLOADS, `${prefix}alone`);
  await store.delete(UPLOADS, `${prefix}alone`, alone!.etag);
  await put("changed", other);

  const ended = await zippynet(["verify", `s3://${LATENTS}/${prefix}`, "--jobs", "1", "--json"]);
  assert.equal(ended.code, 1);
  const { failures, ...rest } = json(ended);
  assert.deepEqual(rest, {
    ...{ verified: 1, decoded: 1, outdated: 1, failed: 2 },
    models: { [good.metadata["model"]!]: 3 },
  });
  assert.match(ended.err, new RegExp(`s3://${LATENTS}/${prefix}foreign.zn: `));
  assert.match(ended.err, /worse\.zn: expected 45\.00 dB, as its metadata say, got \d\d\.\d\d\n/);
  assert.equal((failures as unknown[]).length, 2);
});

test("verify measures the look that was tuned for; an upload in an archive is not compared", async () => {
  const natural = { "zippynet-model": "faces-64", "zippynet-tune": "natural" };
  await put("natural", face, natural);
  await put("archived", face);
  await backfill("--jobs", "1");
  const { metadata } = (await store.head(LATENTS, `${prefix}natural.zn`))!;
  assert.deepEqual([metadata["model"], metadata["tune"]], ["faces-64", "natural"]);
  const url = `${s3.endpoint}/${UPLOADS}/${prefix}archived`;
  await fetch(url, { method: "PUT", body: face, headers: { "x-amz-storage-class": "GLACIER" } });

  const ended = await zippynet(["verify", `s3://${LATENTS}/${prefix}`, "--jobs", "1", "--json"]);
  assert.equal(ended.code, 0, ended.err);
  assert.deepEqual(json(ended), {
    ...{ verified: 1, decoded: 1, outdated: 0, failed: 0, failures: [] },
    models: { "faces-64": 1, [(await store.head(LATENTS, `${prefix}archived.zn`))!.metadata["model"]!]: 1 },
  });
});

test("export writes ordinary images, and only what is not there yet", async () => {
  for (const key of HARD) await put(key, face);
  await backfill("--jobs", "1");
  const run = (...more: string[]) => {
    const args = ["-o", at("out"), "--format", "webp", "--json", "--jobs", "1", ...more];
    return zippynet(["export", `s3://${LATENTS}/${prefix}`, ...args]);
  };
  const first = await run();
  assert.equal(first.code, 0, first.err);
  assert.deepEqual(json(first), { exported: HARD.length, current: 0, failed: 0, failures: [] });
  const { image } = await readImage(face);
  for (const key of HARD) {
    const file = at("out", prefix, `${key.replace("../", "%2E%2E/")}.webp`);
    assert.ok(psnr((await readImage(await readFile(file))).image, image) > 22, key);
  }
  await assert.rejects(stat(at("up.webp")));
  assert.deepEqual(json(await run()), { exported: 0, current: HARD.length, failed: 0, failures: [] });
  assert.equal(json(await run("--look", "natural", "--overwrite"))["exported"], HARD.length);
  const [listed] = await collect(store.list(LATENTS, `${prefix}a.zn`));
  assert.equal((await stat(at("out", prefix, "a.webp"))).mtimeMs, listed!.modified.getTime());
  await put("a", other);
  await backfill("--jobs", "1");
  assert.equal(json(await run())["exported"], 1);
});

test("redrive tries again, takes what is settled out of the queue and leaves the rest", async () => {
  const message = (key: string): string =>
    JSON.stringify({
      zippynet: "rejected",
      time: new Date().toISOString(),
      bucket: UPLOADS,
      key: prefix + key,
      reason: { code: "bad-image", message: "the reason of then" },
    });
  await put("mended.png", face);
  await put("bad.png", "no picture");
  for (const key of ["mended.png", "bad.png", "gone.png"]) sqs.add(message(key));
  sqs.add("a foreign message");
  const redrive = (...options: string[]) =>
    zippynet(["redrive", "--queue", sqs.url, "--latents-bucket", LATENTS, "--json", ...options]);
  process.env["AWS_ENDPOINT_URL_S3"] = s3.endpoint;
  const dry = await redrive("--dry-run");
  assert.equal(dry.code, 0, dry.err);
  assert.equal(json(dry)["messages"], 4);
  assert.match(dry.out.toString(), /the reason of then/);
  assert.equal(sqs.messages.length, 4);

  process.env["ZIPPYNET_MODEL"] = "nobody"; // fails before it takes a message, which others could not see for minutes
  const wrong = await redrive();
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /expected one of the models .* got "nobody"/);
  delete process.env["ZIPPYNET_MODEL"];

  const first = await redrive();
  assert.equal(first.code, 1, first.err);
  assert.deepEqual([json(first)["messages"], json(first)["settled"]], [4, 2]);
  assert.deepEqual(sqs.bodies, [
    message("bad.png").replace(/"time":"[^"]*"/, /"time":"[^"]*"/.exec(sqs.bodies[0]!)![0]),
    "a foreign message",
  ]);
  assert.ok(await store.head(LATENTS, `${prefix}mended.png.zn`));

  assert.equal(json(await redrive("--discard-rejected"))["settled"], 1);
  assert.deepEqual(sqs.bodies, ["a foreign message"]);
  assert.equal((await store.head(UPLOADS, `${prefix}bad.png`))?.size, 10);
  delete process.env["AWS_ENDPOINT_URL_S3"];
});

test("called wrongly: exit code 2", async () => {
  for (const [args, message] of [
    [["backfill", "uploads"], /expected a place in S3, s3:\/\/bucket\/prefix/],
    [["backfill", "s3://x"], /with a bucket of 3–63 lower-case letters/],
    [["backfill", "s3://else-uploads/"], /expected --latents-bucket/],
    [["backfill", `s3://${LATENTS}/`, "--latents-bucket", LATENTS], /a bucket of their own/],
    [["backfill", `s3://${UPLOADS}`, "--before", "soon"], /expected a time such as/],
    [["export", `s3://${LATENTS}`], /required option '-o, --output <dir>'/],
    [["redrive", "--queue", "nowhere"], /expected --queue with the URL/],
  ] as const) {
    const { code, err } = await zippynet(args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, message);
  }
});

test("no region, no credentials: exit code 1, and where they are looked for", async () => {
  const {
    HOME: _,
    AWS_REGION: __,
    AWS_ACCESS_KEY_ID: ___,
    AWS_SECRET_ACCESS_KEY: ____,
    ...rest
  } = process.env;
  const bare = { ...rest, HOME: at(), AWS_EC2_METADATA_DISABLED: "true" };
  const run = (env: NodeJS.ProcessEnv) => {
    const args = ["backfill", "s3://else-uploads", "--latents-bucket", "else-latents"];
    return spawnSync(process.execPath, [LAUNCHER, ...args], { env, encoding: "utf8" });
  };
  const [region, credentials] = [run(bare), run({ ...bare, AWS_REGION: "us-east-1" })];
  assert.deepEqual([region.status, credentials.status], [1, 1]);
  assert.match(region.stderr, /^zippynet: expected an AWS region, in AWS_REGION or .*\n$/);
  assert.match(credentials.stderr, /^zippynet: expected AWS credentials, in AWS_PROFILE or .*\n$/);
});

test("a bucket that is not there: exit code 1", async () => {
  process.env["AWS_ENDPOINT_URL_S3"] = s3.endpoint;
  const { code, err } = await zippynet(["backfill", "s3://nowhere-uploads", "--latents-bucket", LATENTS]);
  assert.equal(code, 1);
  assert.match(err, /^zippynet: .*bucket does not exist/i);
  delete process.env["AWS_ENDPOINT_URL_S3"];
});
