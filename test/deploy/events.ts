import assert from "node:assert/strict";
import { test } from "node:test";
import { toS3Event } from "../../src/local/notification.ts";
import type { ObjectHead } from "../../src/service/aws/s3.ts";
import { deployment, face, shoes } from "./shared.ts";

type Kind = "ObjectCreated:Put" | "ObjectRemoved:Delete";

/** An event as S3 would send it; what happened before has the lower sequence. */
function event(name: Kind, key: string, sequence: number): unknown {
  return toS3Event({ name, bucket: deployment.uploads, key, info: undefined }, "us-east-1", BigInt(sequence));
}

async function source(key: string): Promise<string | undefined> {
  return (await deployment.store.head(deployment.uploads, key))?.etag.replaceAll('"', "");
}

/** The latents of a key, with what shows whether they were written again. */
async function written(key: string): Promise<(ObjectHead & { readonly modified: number }) | undefined> {
  const head = await deployment.latentsOf(key);
  for await (const { key: found, modified } of deployment.store.list(deployment.latents, `${key}.zn`)) {
    if (head && found === `${key}.zn`) return { ...head, modified: modified.getTime() };
  }
  return undefined;
}

test("a duplicate event changes nothing", async () => {
  const key = "events/twice (1).png";
  await deployment.uploaded(key, face);
  const once = await written(key);
  assert.ok(once);
  await deployment.encode(event("ObjectCreated:Put", key, 2 ** 50));
  assert.deepEqual(await written(key), once); // with the sequencer of the event that made them
});

test("an event that comes late leaves the latents of the latest upload", async () => {
  const key = "events/late.png";
  await deployment.uploaded(key, face);
  const { etag } = await deployment.uploaded(key, shoes);
  await deployment.encode(event("ObjectCreated:Put", key, 1));
  await deployment.encode(event("ObjectRemoved:Delete", key, 2));
  const latents = await deployment.latentsOf(key);
  assert.equal(latents?.etag, etag);
  assert.equal(latents?.metadata["source-etag"], await source(key));
});

test("a creation whose event comes after the removal makes no latents", async () => {
  const key = "events/gone.png";
  await deployment.uploaded(key, face);
  await deployment.remove(key);
  await deployment.encode(event("ObjectRemoved:Delete", key, 3));
  assert.equal(await deployment.latentsOf(key), undefined);
  await deployment.encode(event("ObjectCreated:Put", key, 2));
  assert.equal(await deployment.latentsOf(key), undefined);
});

test("events of one key at the same time leave the right latents", async () => {
  const key = "events/at once.png";
  await deployment.upload(key, face);
  await deployment.upload(key, shoes);
  const kinds: Kind[] = ["ObjectRemoved:Delete", "ObjectCreated:Put", "ObjectCreated:Put"];
  await Promise.all(kinds.map((kind, i) => deployment.encode(event(kind, key, i + 1))));
  assert.equal((await deployment.latentsOf(key))?.metadata["source-etag"], await source(key));
});
