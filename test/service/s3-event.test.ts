import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readS3Event } from "../../src/service/encode/s3-event.ts";

function record(eventName: string, object: object): object {
  return { eventSource: "aws:s3", eventName, s3: { bucket: { name: "uploads" }, object } };
}

test("an upload's record", () => {
  const object = { key: "a+b%2Bc.png", size: 12, eTag: "0", sequencer: "0055AED6DCD90281E5" };
  const { events, ignored } = readS3Event({ Records: [record("ObjectCreated:Put", object)] });
  assert.deepEqual(ignored, []);
  assert.deepEqual(events, [
    { kind: "created", bucket: "uploads", key: "a b+c.png", size: 12, sequencer: "0055AED6DCD90281E5" },
  ]);
});

test("deletes, delete markers and lifecycle deletes are removals", () => {
  for (const name of [
    "ObjectRemoved:Delete",
    "ObjectRemoved:DeleteMarkerCreated",
    "LifecycleExpiration:Delete",
    "LifecycleExpiration:DeleteMarkerCreated",
  ]) {
    const { events } = readS3Event({ Records: [record(name, { key: "x" })] });
    assert.equal(events[0]?.kind, "removed", name);
  }
});

test("S3's test event, and what is no event at all, hold no records", () => {
  const test = { Service: "Amazon S3", Event: "s3:TestEvent", Time: "2026-01-01", Bucket: "uploads" };
  for (const event of [test, {}, null, undefined, "text", 1, []]) {
    assert.deepEqual(readS3Event(event), { events: [], ignored: [] });
  }
});

test("foreign and broken records are set apart, and the others are read", () => {
  const strange = [record("ObjectAcl:Put", { key: "x" }), record("ObjectCreated:Put", { key: "%zz" }), 7];
  const { events, ignored } = readS3Event({
    Records: [...strange, record("ObjectCreated:Copy", { key: "y" })],
  });
  assert.deepEqual(
    events.map((event) => event.key),
    ["y"],
  );
  assert.deepEqual(ignored, strange);
});

test("nothing that JSON can hold makes it throw", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      readS3Event(value);
      readS3Event({ Records: value });
      readS3Event({ Records: [record("ObjectCreated:Put", { key: value })] });
    }),
  );
});
