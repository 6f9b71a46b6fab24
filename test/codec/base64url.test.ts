import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromInline, toInline } from "../../src/codec/format/base64url.ts";

test("bytes survive, as base64url that Node agrees with", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = toInline(bytes);
      assert.equal(text, Buffer.from(bytes).toString("base64url"));
      assert.deepEqual(fromInline(text), bytes);
    }),
  );
});

test("the largest file that is decoded has its text within seconds, and within memory", () => {
  const text = toInline(new Uint8Array(64 * 1024 * 1024).fill(255));
  assert.equal(text.length, Math.ceil((64 * 1024 * 1024 * 4) / 3));
  assert.equal(text.slice(-3), "__w");
});

test("one file has one text: what decodes encodes to the same", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), (text) => {
      let bytes: Uint8Array;
      try {
        bytes = fromInline(text);
      } catch {
        return;
      }
      assert.equal(toInline(bytes), text);
    }),
    { numRuns: 1000 },
  );
});

for (const [text, message] of [
  ["gAEy!w", /expected A–Z, a–z, 0–9, - and _, got "!" at 4$/],
  ["gAE yw", /got " " at 3$/],
  ["gA==", /got "=" at 2, as padding is left out/],
  ["+AEy", /got "\+" at 0: this is base64, not base64url/],
  ["gA😀y", /got "😀" at 2/],
  ["gAEyw", /no text of bytes has 5 characters/],
  ["gB", /its last character, "B", has bits of a byte that is not there/],
  ["gAF", /its last character, "F"/],
] as const) {
  test(`${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => fromInline(text), { name: "ZippyNetError", code: "bad-file", message });
  });
}
