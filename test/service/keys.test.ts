import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  decodeEventKey,
  encodeEventKey,
  imagePath,
  latentsKey,
  requestedKey,
} from "../../src/service/aws/keys.ts";

const key = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 60 })
  .filter((text) => text.isWellFormed() && !/(^|\/)\.{1,2}(\/|$)/.test(text));

test("a key survives its way through an event and through a URL", () => {
  fc.assert(
    fc.property(key, (text) => {
      assert.equal(decodeEventKey(encodeEventKey(text)), text);
      const path = new URL(imagePath(text), "http://localhost").pathname;
      assert.equal(decodeURIComponent(path.slice("/images/".length)), text);
    }),
    { numRuns: 2000 },
  );
});

test("a key with a folder and a space: the name of its latents, its path, its form in an event", () => {
  assert.equal(latentsKey("a/b c.jpg"), "a/b c.jpg.zn");
  assert.equal(imagePath("a/b c.jpg"), "/images/a/b%20c.jpg");
  assert.equal(encodeEventKey("a/b c.jpg"), "a/b+c.jpg");
});

test("an event's key is a form's: + first, then percent signs, once", () => {
  assert.equal(decodeEventKey("a/b+c%2Bd+%281%29.png"), "a/b c+d (1).png");
  assert.equal(decodeEventKey("%C3%BC/%C3%B8%2520x.png"), "ü/ø%20x.png");
  assert.equal(decodeEventKey("100%25.png"), "100%.png");
});

test("a key survives gateways that decode paths as API Gateway does, and those that decode them in full", () => {
  fc.assert(
    fc.property(fc.oneof(key, key.map(encodeURIComponent)), (text) => {
      const path = imagePath(text);
      const gateway = path.replaceAll(/(%(?!25)[0-9A-F]{2})+/g, decodeURIComponent);
      assert.equal(requestedKey(gateway, gateway.slice("/images/".length)), text);
      assert.equal(requestedKey(`/stage${gateway}`, gateway.slice("/images/".length)), text);
      if (path !== `/images/${text}`) assert.equal(requestedKey(path, text), text);
    }),
    { numRuns: 2000 },
  );
});
