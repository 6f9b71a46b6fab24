import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { toS3Event } from "../../src/local/notification.ts";
import { LocalS3, type ObjectChange } from "../../src/local/s3/server.ts";
import { metricFields } from "../../src/service/aws/log.ts";
import { ObjectStore } from "../../src/service/aws/s3.ts";
import { MessageQueue } from "../../src/service/aws/sqs.ts";
import { failedUploads } from "../../src/service/backfill/redrive.ts";
import { readFailure, rejectionMessage } from "../../src/service/encode/failures.ts";
import { ONE_ATTEMPT } from "./aws-environment.ts";
import { LocalSqs } from "./local-sqs.ts";
import { logged } from "./logged.ts";

const KEY = "a/b c+d (1) 100%.png";

let folder: string;
let s3: LocalS3;
let sqs: LocalSqs;
let changes: ObjectChange[];
let handler: typeof import("../../src/handlers/encode.ts").handler;
let lines: Record<string, unknown>[];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "zippynet-failures-"));
  sqs = await LocalSqs.start();
  s3 = await LocalS3.start({
    folder,
    buckets: ["uploads", "latents"],
    port: 0,
    onChange: (change) => changes.push(change),
  });
  Object.assign(process.env, {
    ...ONE_ATTEMPT,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_SQS: sqs.endpoint,
    ZIPPYNET_LATENTS_BUCKET: "latents",
    ZIPPYNET_REJECTED_QUEUE_URL: sqs.url,
    ZIPPYNET_METRICS: "ZippyNet/test",
  });
  ({ handler } = await import("../../src/handlers/encode.ts"));
});

beforeEach(() => {
  changes = [];
  sqs.messages.length = 0;
  sqs.broken = false;
});

after(async () => {
  await Promise.all([s3.stop(), sqs.stop()]);
  await rm(folder, { recursive: true });
});

async function put(key: string, body: string | Uint8Array): Promise<unknown> {
  const path = key.split("/").map(encodeURIComponent).join("/");
  await fetch(`${s3.endpoint}/uploads/${path}`, { method: "PUT", body: Buffer.from(body) });
  return toS3Event(changes.at(-1)!, "us-east-1", 7n);
}

/** Runs the handler and keeps what it logs. */
async function handle(event: unknown): Promise<void> {
  lines = [];
  await logged(lines, () => handler(event, { awsRequestId: "request-1" }));
}

test("an upload that cannot be encoded reaches the queue with its reason; the original stays", async () => {
  await handle(await put(KEY, "no picture"));
  assert.equal(sqs.bodies.length, 1);
  const { time, ...message } = JSON.parse(sqs.bodies[0]!) as Record<string, unknown>;
  assert.ok(!Number.isNaN(Date.parse(String(time))));
  assert.deepEqual(message, {
    zippynet: "rejected",
    requestId: "request-1",
    bucket: "uploads",
    key: KEY,
    etag: createHash("md5").update("no picture").digest("hex"),
    sequencer: "000000000000000007",
    reason: {
      code: "bad-image",
      message: (lines[0]!["reason"] as { message: string }).message,
    },
  });
  assert.match((message["reason"] as { message: string }).message, /expected an image of type/);
  assert.equal((await new ObjectStore(s3.endpoint).head("uploads", KEY))?.size, 10);
});

test("one upload that is rejected again and again is one message; another under its key is another", async () => {
  const event = await put("junk", "no picture");
  await handle(event);
  await handle(event);
  await handle(await put("junk", "no picture either"));
  await handle(await put("junk 2", "no picture"));
  const told = sqs.bodies.map((body) => (JSON.parse(body) as { key: string }).key);
  assert.deepEqual(told, ["junk", "junk", "junk 2"]);
});

test("keys of letters that SQS does not take are reported all the same", async () => {
  const key = "a\ufffeb\uffff😀.png";
  await handle(await put(key, "no picture"));
  assert.doesNotMatch(sqs.bodies[0]!, /[\ufffe\uffff]/);
  assert.equal((JSON.parse(sqs.bodies[0]!) as { key: string }).key, key);
});

test("an archived upload is reported once, with what to do; once it is restored it is encoded", async () => {
  const face = await readFile(new URL("../images/face-hat-64.png", import.meta.url));
  const url = `${s3.endpoint}/uploads/archived`;
  const headers = { "x-amz-storage-class": "GLACIER" };
  await fetch(url, { method: "PUT", body: face, headers });
  await handle(toS3Event(changes.at(-1)!, "us-east-1", 8n));
  assert.equal(lines[0]!["outcome"], "rejected");
  const { reason } = JSON.parse(sqs.bodies[0]!) as { reason: { code: string; message: string } };
  assert.equal(reason.code, "archived");
  assert.match(reason.message, /in GLACIER: restore it/);

  await fetch(`${url}?restore`, { method: "POST", body: "<RestoreRequest/>" });
  const event = toS3Event(changes.at(-1)!, "us-east-1", 9n);
  await handle(event);
  assert.deepEqual([lines[0]!["event"], lines[0]!["outcome"]], ["restored", "encoded"]);
  assert.equal(sqs.bodies.length, 1);
});

test("latents of an upload that was archived since stay", async () => {
  const face = await readFile(new URL("../images/face-hat-64.png", import.meta.url));
  const event = await put("old", face);
  await handle(event);
  await fetch(`${s3.endpoint}/uploads/old`, {
    method: "PUT",
    headers: {
      "x-amz-copy-source": "/uploads/old",
      "x-amz-metadata-directive": "REPLACE",
      "x-amz-storage-class": "DEEP_ARCHIVE",
    },
  });
  await handle(event);
  assert.equal(lines[0]!["outcome"], "current");
});

test("a picture and a folder of S3's console reach no queue", async () => {
  const face = await readFile(new URL("../images/face-hat-64.png", import.meta.url));
  await handle(await put("face", face));
  assert.equal(lines[0]!["outcome"], "encoded");
  await handle(await put("folder/", ""));
  assert.equal(lines[0]!["outcome"], "absent");
  await handle(await put("folder/", face));
  assert.equal(lines[0]!["outcome"], "encoded");
  await handle(await put("folder/", ""));
  assert.equal(lines[0]!["outcome"], "removed");
  assert.deepEqual(sqs.bodies, []);
});

test("S3's test event is taken quietly; an upload that a lifecycle rule expires takes its latents along", async () => {
  await handle({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket: "uploads" });
  assert.deepEqual(lines, []);
  const face = await readFile(new URL("../images/face-hat-64.png", import.meta.url));
  for (const name of ["ObjectRemoved:DeleteMarkerCreated", "LifecycleExpiration:Delete"]) {
    const event = (await put(KEY, face)) as { Records: [{ eventName: string }] };
    await handle(event);
    assert.equal(lines[0]!["outcome"], "encoded");
    const store = new ObjectStore(s3.endpoint);
    await store.delete("uploads", KEY, (await store.head("uploads", KEY))!.etag);
    event.Records[0].eventName = name;
    await handle(event);
    assert.deepEqual([lines[0]!["event"], lines[0]!["outcome"]], ["removed", "removed"], name);
    assert.equal(await store.head("latents", `${KEY}.zn`), undefined);
  }
});

test("a rejection that cannot be reported fails the event, which comes again", async () => {
  const event = await put("unheard", "no picture");
  sqs.broken = true;
  await assert.rejects(handle(event), {
    name: "AggregateError",
    message: /^1 of 1 uploads failed: InternalError: no SendMessage/,
  });
  assert.equal(lines.at(-1)!["message"], "upload failed");
  assert.equal(lines.at(-1)!["Failed"], 1);
  sqs.broken = false;
  await handle(event);
  assert.equal(sqs.bodies.length, 1);
});

test("the queue's messages come once each, those too that come again because they were held too long", async () => {
  for (let i = 0; i < 25; i++) sqs.add(String(i));
  const bodies: string[] = [];
  for await (const { message } of failedUploads(new MessageQueue(sqs.url, sqs.endpoint))) {
    bodies.push(message.body);
    if (bodies.length === 10) for (const held of sqs.messages) held.visibleAt = 0;
  }
  assert.deepEqual(
    bodies,
    Array.from({ length: 25 }, (_, i) => String(i)),
  );
});

test("a line of the log carries the metrics; keys and request ids are no dimensions", async () => {
  const face = await readFile(new URL("../images/face-pearls-64.png", import.meta.url));
  await handle(await put("metrics", face));
  const [line] = lines;
  const { CloudWatchMetrics, Timestamp } = line!["_aws"] as {
    CloudWatchMetrics: {
      Namespace: string;
      Dimensions: string[][];
      Metrics: { Name: string; Unit: string }[];
    }[];
    Timestamp: number;
  };
  assert.ok(Math.abs(Timestamp - Date.now()) < 60_000);
  assert.equal(CloudWatchMetrics.length, 1);
  const [{ Namespace, Dimensions, Metrics }] = CloudWatchMetrics as [(typeof CloudWatchMetrics)[0]];
  assert.equal(Namespace, "ZippyNet/test");
  assert.deepEqual(Dimensions, [["Operation"]]);
  assert.equal(line!["Operation"], "encode");
  for (const { Name } of Metrics) assert.equal(typeof line![Name], "number", Name);
  assert.deepEqual(
    new Set(Metrics.map(({ Name }) => Name)),
    new Set(["Milliseconds", "Encoded", "Rejected", "Failed", "BytesIn", "BytesOut", "PSNR", "Fallback"]),
  );
  assert.equal(line!["BytesIn"], face.length);
  assert.ok(Number(line!["BytesOut"]) < 600 && Number(line!["Milliseconds"]) > 0);
  assert.equal(line!["requestId"], "request-1");
  assert.equal((line!["metadata"] as Record<string, string>)["models-tried"], "auto");
});

test("without a namespace, or for values that are no numbers, there is no metric", () => {
  assert.deepEqual(metricFields("decode", { BytesOut: 3 }, ""), { Operation: "decode", BytesOut: 3 });
  const { _aws, ...fields } = metricFields("encode", { PSNR: Number.NaN, BytesOut: 3 }, "N");
  assert.deepEqual(fields, { Operation: "encode", BytesOut: 3 });
  assert.doesNotMatch(JSON.stringify(_aws), /PSNR/);
});

test("both kinds of message are read back, others are not", () => {
  const upload = { bucket: "uploads", key: KEY, sequencer: "0A" };
  const reason = new ZippyNetError("too-large", "expected less");
  const rejection = rejectionMessage(upload, { outcome: "rejected", reason }, undefined);
  assert.deepEqual(readFailure(rejection), { uploads: [upload], reason: "expected less" });

  const change: ObjectChange = { name: "ObjectRemoved:Delete", bucket: "uploads", key: KEY, info: undefined };
  const record = {
    version: "1.0",
    timestamp: "2026-01-01T00:00:00.000Z",
    requestContext: {
      requestId: "r",
      functionArn: "arn",
      condition: "RetriesExhausted",
      approximateInvokeCount: 3,
    },
    requestPayload: toS3Event(change, "us-east-1", 10n),
    responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
    responsePayload: { errorType: "AggregateError", errorMessage: "1 of 1 uploads failed" },
  };
  const { sequencer: _, ...place } = upload;
  assert.deepEqual(readFailure(JSON.stringify(record)), {
    uploads: [{ ...place, sequencer: "00000000000000000A" }],
    reason: "1 of 1 uploads failed",
  });
  const expired = { ...record, requestContext: { condition: "EventAgeExceeded" }, responsePayload: null };
  assert.equal(readFailure(JSON.stringify(expired))?.reason, "EventAgeExceeded");
  const strange = { ...record, responsePayload: "no object" };
  assert.equal(readFailure(JSON.stringify(strange))?.reason, "RetriesExhausted");
  for (const foreign of ["", "hello", "{}", "[]", '{"zippynet":"rejected"}']) {
    assert.equal(readFailure(foreign), undefined, foreign);
  }
});

test("docs/operations.md says what each message of the log means", async () => {
  const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
  const text = await read("docs/operations.md");
  const files = [
    "handlers/decode",
    "handlers/encode",
    "service/backfill/batch-task",
    "service/encode/handle-upload",
  ];
  const code = (await Promise.all(files.map((name) => read(`src/${name}.ts`)))).join("");
  const messages = [...code.matchAll(/\blog\([^;]*?"(\w+ \w+)"/gs)].map(([, message]) => message!);
  assert.equal(new Set(messages).size, 7, String(messages));
  for (const message of messages) assert.ok(text.includes(`\n| \`${message}\` |`), message);
});
