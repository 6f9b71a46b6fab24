import assert from "node:assert/strict";
import { test } from "node:test";
import { assertWithin, boundsOf, isWhole, parseWhole } from "../../src/codec/errors.ts";
import { zippyError } from "./support.ts";

test("whole numbers: both bounds are in, fractions, infinities and other types are not", () => {
  for (const value of [1, 50, 100]) assert.ok(isWhole(value, 1, 100));
  for (const value of [0, 101, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "50", null, undefined, 50n])
    assert.ok(!isWhole(value, 1, 100), String(value));
  assert.ok(isWhole(2 ** 53 - 1, 0));
  assert.ok(!isWhole(2 ** 53, 0)); // 2⁵³ + 1 reads as this too
});

test("their text is digits and nothing else", () => {
  assert.equal(parseWhole("42", 1, 100), 42);
  assert.equal(parseWhole("007", 1, 100), 7);
  for (const text of ["", " 42", "42 ", "+42", "-1", "4.2", "4e1", "0x1f", "٤٢", "101", "9".repeat(17)])
    assert.equal(parseWhole(text, 1, 100), undefined, text);
  assert.equal(parseWhole("9007199254740993", 0), undefined);
});

test("messages say the bounds, and what came", () => {
  assert.deepEqual([boundsOf(1, 100), boundsOf(8)], ["1–100", "8 or more"]);
  assert.throws(
    () => assertWithin("effort", 10, 0, 9),
    zippyError("bad-option", /^expected an effort of 0–9, got 10$/),
  );
});
