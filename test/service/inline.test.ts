import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { decode, fromInline } from "../../src/index.ts";
import { LocalS3 } from "../../src/local/s3/server.ts";
import { openModels } from "../../src/model/folder.ts";
import { ObjectStore } from "../../src/service/aws/s3.ts";
import { Problem } from "../../src/service/decode/answer.ts";
import {
  getInline,
  getManyInline,
  type InlinePicture,
  type InlineProblem,
  MAX_INLINE_BYTES,
  MAX_KEYS,
} from "../../src/service/decode/inline.ts";
import type { ServiceContext } from "../../src/service/encode/context.ts";
import { readSettings } from "../../src/service/settings.ts";
import { AWS_ENVIRONMENT } from "./aws-environment.ts";

let folder: string;
let s3: LocalS3;
let context: ServiceContext;
let file: Buffer;

before(async () => {
  Object.assign(process.env, AWS_ENVIRONMENT);
  folder = await mkdtemp(join(tmpdir(), "zippynet-inline-"));
  s3 = await LocalS3.start({ folder, buckets: ["latents"], port: 0, onChange: () => undefined });
  const settings = readSettings({ ZIPPYNET_LATENTS_BUCKET: "latents" });
  context = { store: new ObjectStore(s3.endpoint), models: await openModels(), settings };
  file = await readFile(new URL("../golden/photograph-1-42-q50.zn", import.meta.url));
  await put("a/ü 1+.png", file);
  await put("damaged.png", Buffer.from([0x81]));
  await put("large.png", Buffer.alloc(MAX_INLINE_BYTES + 1, 1));
});

after(async () => {
  await s3.stop();
  await rm(folder, { recursive: true });
});

async function put(key: string, body: Buffer): Promise<void> {
  assert.ok(
    await context.store.put("latents", `${key}.zn`, undefined, { bytes: body, type: "image/x-zippynet" }),
  );
}

const problemOf = (one: InlinePicture | InlineProblem | undefined) =>
  one && "problem" in one ? [one.key, one.problem.status] : undefined;

test("many keys in one answer, in their order, repeated ones too; what fails does so alone", async () => {
  const impossible = ["half a pair \ud83d", "x".repeat(1022)]; // of which S3 would say that the request is bad
  const keys = ["a/ü 1+.png", "none.png", "large.png", "damaged.png", "a/ü 1+.png", ...impossible];
  const { pictures } = await getManyInline(context, JSON.stringify({ keys }));
  assert.equal(pictures.length, 7);
  const [first, none, large, damaged, again, ...absent] = pictures;
  assert.ok(first && "inline" in first);
  assert.deepEqual(
    { ...first, inline: "" },
    { key: keys[0], inline: "", width: 42, height: 42, kind: "latents", bytes: file.length },
  );
  assert.deepEqual(await decode(fromInline(first.inline)), await decode(file));
  assert.deepEqual([none, large, damaged].map(problemOf), [
    ["none.png", 404],
    ["large.png", 413],
    ["damaged.png", 500],
  ]);
  assert.deepEqual(again, first);
  assert.deepEqual(
    absent.map(problemOf),
    impossible.map((key) => [key, 404]),
  );
});

test("another body is a 400 that says what was expected", async () => {
  const many = Array.from({ length: MAX_KEYS + 1 }, String);
  for (const [body, message] of [
    ["", /expected a body of \{"keys": \[…\]\} in JSON/],
    ["[]", /expected \{"keys": \[…\]\} of 1–200 keys of 1–1024 bytes, got Array$/],
    ["null", /, got null$/],
    ["{}", /, got undefined at keys$/],
    ['{"keys":[]}', /, got 0 keys at keys$/],
    ['{"keys":[""]}', /, got "" at keys\.0$/],
    ['{"keys":[7]}', /, got 7 at keys\.0$/],
    [JSON.stringify({ keys: ["x".repeat(1025)] }), /, got 1025 bytes at keys\.0$/],
    [JSON.stringify({ keys: many }), /, got 201 keys at keys$/],
  ] as const) {
    await assert.rejects(
      getManyInline(context, body),
      (error) => error instanceof Problem && error.status === 400 && message.test(error.message),
      body.slice(0, 40),
    );
  }
});

test("one key: JSON with a tag that is its own", async () => {
  const answer = await getInline(context, "a/ü 1+.png", undefined);
  const { tag, bytesIn, body } = answer;
  assert.equal(bytesIn, file.length);
  assert.equal(body!.type, "application/json");
  assert.equal((JSON.parse(Buffer.from(body!.bytes).toString()) as InlinePicture).bytes, file.length);
  assert.match(tag, /-inline"$/);
  assert.equal((await getInline(context, "a/ü 1+.png", tag)).body, undefined);
  for (const [key, status] of [
    ["none.png", 404],
    ["large.png", 400],
    ["damaged.png", 500],
  ] as const) {
    await assert.rejects(
      getInline(context, key, undefined),
      (error) => error instanceof Problem && error.status === status,
    );
  }
});
