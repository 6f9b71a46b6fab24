import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { withoutEncoding } from "../../src/service/encode/content-encoding.ts";

const MOST = 20 * 1024 * 1024;
const picture = await readFile(new URL("../images/face-hat-64.png", import.meta.url));

test("what tools have packed is opened, one coding upon the other too", async () => {
  for (const [header, packed] of [
    ["gzip", gzipSync(picture)],
    ["GZIP", gzipSync(picture)],
    ["x-gzip, aws-chunked", gzipSync(picture)],
    ["deflate", deflateSync(picture)],
    ["br", brotliCompressSync(picture)],
    ["deflate, gzip", gzipSync(deflateSync(picture))],
    ["identity", picture],
    [undefined, picture],
  ] as const) {
    assert.deepEqual(Buffer.from(await withoutEncoding(packed, header, MOST)), picture, header);
  }
});

test("an image that is not packed, whatever its header says, is taken as it is", async () => {
  assert.equal(await withoutEncoding(picture, "gzip", MOST), picture);
});

test("what is damaged, unknown or unpacks to too much is refused by name", async () => {
  const bomb = gzipSync(Buffer.alloc(MOST + 1));
  assert.ok(bomb.length < 30_000);
  for (const [header, bytes, code, message] of [
    [
      "gzip",
      gzipSync(picture).subarray(0, 100),
      "bad-image",
      /expected an upload of gzip, as its Content-Encoding says/,
    ],
    ["gzip", Buffer.from("text"), "bad-image", /expected an upload of gzip/],
    ["compress", Buffer.from("text"), "bad-image", /expected a Content-Encoding of gzip, .*, got "compress"/],
    ["gzip, gzip, gzip", gzipSync(picture), "bad-image", /got "gzip, gzip, gzip"/],
    ["gzip", bomb, "too-large", /at most 20971520 bytes, got one of gzip that unpacks to more/],
  ] as const) {
    await assert.rejects(withoutEncoding(bytes, header, MOST), { code, message }, header);
  }
});
