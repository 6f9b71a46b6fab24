import assert from "node:assert/strict";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Invoker } from "../../src/local/invoker.ts";
import { isFor, type S3Trigger, toS3Event } from "../../src/local/notification.ts";
import type { ObjectChange } from "../../src/local/s3/server.ts";
import { readS3Event } from "../../src/service/encode/s3-event.ts";
import { listen } from "../service/listen.ts";

const created: ObjectChange = {
  name: "ObjectCreated:Put",
  bucket: "uploads",
  key: "a/b c+d (1) 100%.png",
  info: { key: "", etag: "0".repeat(32), size: 12, modified: "", headers: {} },
};
const removed: ObjectChange = { ...created, name: "ObjectRemoved:Delete", info: undefined };

test("an event of the local S3 reads as one of S3's", () => {
  for (const [change, kind, size] of [
    [created, "created", 12],
    [removed, "removed", undefined],
  ] as const) {
    const { events, ignored } = readS3Event(JSON.parse(JSON.stringify(toS3Event(change, "us-east-1", 255n))));
    assert.deepEqual(ignored, []);
    const [event] = events;
    assert.deepEqual(event, {
      kind,
      bucket: "uploads",
      key: created.key,
      size,
      sequencer: "0000000000000000FF",
    });
  }
});

test("triggers choose by bucket, event, prefix and suffix", () => {
  const trigger: S3Trigger = { functionName: "f", bucket: "uploads", event: "s3:ObjectCreated:*", rules: [] };
  assert.ok(isFor(trigger, created));
  assert.ok(isFor({ ...trigger, event: "s3:ObjectCreated:Put" }, created));
  assert.ok(isFor({ ...trigger, rules: [{ prefix: "a/" }, { suffix: ".png" }] }, created));
  assert.ok(!isFor(trigger, removed));
  assert.ok(!isFor({ ...trigger, event: "s3:ObjectCreated:Copy" }, created));
  assert.ok(!isFor({ ...trigger, bucket: "latents" }, created));
  assert.ok(!isFor({ ...trigger, rules: [{ prefix: "b/" }] }, created));
});

test("an event whose function fails is delivered again", async () => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    assert.equal(request.url, "/2015-03-31/functions/encode/invocations");
    void text(request).then((body) => {
      bodies.push(body);
      if (bodies.length === 1) response.setHeader("x-amz-function-error", "Unhandled");
      response.end("{}");
    });
  });
  new Invoker(await listen(server)).invoke("encode", { n: 1 });
  while (bodies.length < 2) await sleep(20);
  await sleep(100);
  assert.deepEqual(bodies, ['{"n":1}', '{"n":1}']);
  server.closeAllConnections();
  server.close();
});
