import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { monthsToBreakEven, servingCost } from "../../src/service/cost-of-serving.ts";

test("docs/operations.md tells the costs that the prices make", async () => {
  const text = await readFile(new URL("../../docs/operations.md", import.meta.url), "utf8");
  const cost = servingCost({ encode: 100, decode: 40 }, { latents: 228, plain: 484 });
  const dollars = (each: number): string => `$${(each * 1e6).toFixed(2)}`;
  for (const [row, value] of [
    ["encode, once", dollars(cost.encode)],
    ["fetch through the API", dollars(cost.fetch)],
    ["fetch of a plain file from S3", dollars(cost.plainFetch)],
    ["storage saved, a month", `$${(cost.saved * 1e6).toFixed(4)}`],
  ] as const) {
    const line = text.split("\n").find((each) => each.startsWith(`| ${row}`));
    assert.ok(line?.includes(value), `${row}: expected ${value}, got ${line}`);
  }
  const years = Math.round(monthsToBreakEven(cost) / 12);
  assert.ok(text.includes(`${years} years`), `expected ${years} years`);
});

test("storage alone never pays at this size, and the more it saves the sooner", () => {
  const small = servingCost({ encode: 100, decode: 40 }, { latents: 228, plain: 484 });
  const large = servingCost({ encode: 100, decode: 40 }, { latents: 228, plain: 100_000 });
  assert.ok(monthsToBreakEven(small) > 12 * 50);
  assert.ok(monthsToBreakEven(large) < 12);
});
