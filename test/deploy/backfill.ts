import assert from "node:assert/strict";
import { test } from "node:test";
import { PutBucketNotificationConfigurationCommand } from "@aws-sdk/client-s3";
import sharp from "sharp";
import { inParallel } from "../../src/concurrency.ts";
import { ENCODE } from "./deployment.ts";
import { zippynet } from "./processes.ts";
import { deployment, face } from "./shared.ts";
import { until } from "./until.ts";

/** Fewer than 2,000 while one works at the suite. */
const OBJECTS = Number(process.env["ZIPPYNET_TEST_OBJECTS"] ?? 2000);
const PREFIX = "bulk/";
const SIDES = [8, 9, 10, 11, 12, 13, 14, 15, 16];

interface Report {
  readonly uploads: number;
  readonly missing: number;
  readonly current: number;
  readonly outdated: number;
  readonly orphan: number;
  readonly encoded?: number;
  readonly failed?: number;
}

test("a backfill that is interrupted goes on where it was", async (t) => {
  // as of a bucket that was full before the service came: these uploads have no events
  const silent = { Bucket: deployment.uploads, NotificationConfiguration: {} };
  await deployment.s3.send(new PutBucketNotificationConfigurationCommand(silent));
  await uploadMany();
  assert.equal(await countLatents(), 0);

  const first = zippynet(args([]), deployment.ministack.environment);
  const tenth = async (): Promise<boolean> => {
    assert.equal(first.child.exitCode, null, "expected the backfill to run still");
    return (await countLatents()) >= OBJECTS / 10;
  };
  await until("a tenth of the latents", tenth, 600);
  first.child.kill("SIGINT");
  const { code, signal } = await first.ended;
  assert.ok(code !== 0 || signal === "SIGINT", "expected no success of an interrupted backfill");
  const done = await countLatents();
  assert.ok(done < OBJECTS, "expected the interrupt to come before the end");

  const states = { uploads: OBJECTS, outdated: 0, orphan: 0 };
  assert.deepEqual(await backfill(["--dry-run"]), { ...states, missing: OBJECTS - done, current: done });
  const began = performance.now();
  const encoded = OBJECTS - done;
  assert.deepEqual(await backfill([]), { ...states, missing: encoded, current: done, encoded, failed: 0 });
  t.diagnostic(`${done} before the interrupt, ${encoded} after it in ${seconds(began)} s`);
  assert.deepEqual(await backfill([]), {
    ...states,
    missing: 0,
    current: OBJECTS,
    encoded: 0,
    failed: 0,
  });

  assert.equal(await countLatents(), OBJECTS);
  for (const number of [0, 80, OBJECTS - 1]) {
    const { status, body } = await deployment.get(keyOf(number), "?format=png");
    assert.equal(status, 200);
    const { width, height } = await sharp(body).metadata();
    assert.deepEqual({ width, height }, sizeOf(number));
  }
});

function args(options: readonly string[]): string[] {
  return ["backfill", `s3://${deployment.uploads}/${PREFIX}`, "--function", ENCODE, "--json", ...options];
}

/** What a backfill reports of numbers of objects. */
async function backfill(options: readonly string[]): Promise<Report> {
  const { code, stdout, stderr } = await zippynet(args(options), deployment.ministack.environment).ended;
  assert.equal(code, 0, stderr);
  const { uploads, missing, current, outdated, orphan, encoded, failed } = JSON.parse(stdout) as Report;
  const work = encoded === undefined || failed === undefined ? {} : { encoded, failed };
  return { uploads, missing, current, outdated, orphan, ...work };
}

async function countLatents(): Promise<number> {
  let count = 0;
  for await (const _ of deployment.store.list(deployment.latents, PREFIX)) count++;
  return count;
}

function keyOf(number: number): string {
  return `${PREFIX}${number % 7}/${number} +%.png`;
}

function sizeOf(number: number): { width: number; height: number } {
  const { length } = SIDES;
  return { width: SIDES[number % length]!, height: SIDES[Math.floor(number / length) % length]! };
}

async function uploadMany(): Promise<void> {
  const images = await Promise.all(
    Array.from({ length: SIDES.length ** 2 }, (_, i) =>
      sharp(face)
        .resize({ ...sizeOf(i), fit: "cover" })
        .png()
        .toBuffer(),
    ),
  );
  const put = (number: number): Promise<void> =>
    deployment.upload(keyOf(number), images[number % images.length]!);
  for await (const _ of inParallel(Array(OBJECTS).keys(), 8, put));
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(0);
}
