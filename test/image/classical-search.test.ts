/** The search for the best frame of a classical codec: `src/image/classical/search.ts`. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { Budget } from "../../src/codec/budget.ts";
import type { Target } from "../../src/codec/target.ts";
import { FAMILIES, frameCost, SLOWEST } from "../../src/image/classical/codecs.ts";
import { Classical } from "../../src/image/classical/search.ts";
import { NO_WRAP } from "../../src/image/classical/wrap.ts";
import { Judge } from "../../src/image/judge.ts";
import { readImage } from "../../src/image/read.ts";

const png = readFileSync(new URL("../images/shirt-64.png", import.meta.url));
const { image } = await readImage(png);
const av1 = FAMILIES[1]!;
const slowFrame = frameCost("av1", image, SLOWEST);

suite("towards a target, the slowest effort makes few frames", () => {
  const targets: Target[] = [
    { kind: "psnr", decibels: 33 },
    { kind: "bytes", maxBytes: 700 },
  ];
  for (const target of targets) {
    test(`and none beside them would be better: ${JSON.stringify(target)}`, async () => {
      const judge = new Judge(target, image.data.length);
      const budget = new Budget({});
      const search = new Classical(image, NO_WRAP, 1, budget);
      const found = judge.best(await search.lossy(judge))!;
      assert.ok(budget.spent / slowFrame < 8, `the work of ${budget.spent / slowFrame} frames`);

      const all = new Classical(image, NO_WRAP, 1);
      const qualities = Array.from({ length: 14 }, (_, i) => 34 + 2 * i);
      for (const variant of [av1.first, ...av1.others]) {
        for (const quality of qualities) {
          const other = await all.try(variant, quality, SLOWEST);
          if (!judge.meets(other)) continue;
          assert.equal(judge.best([found, other]), found, `${other.file.length} bytes at ${quality}`);
        }
      }
    });
  }
});

test("qualities of AVIF that give the same frame are coded once", async () => {
  const budget = new Budget({});
  const search = new Classical(image, NO_WRAP, 9, budget);
  const frames = new Set<unknown>();
  for (let quality = 40; quality < 60; quality++) frames.add(await search.try(av1.first, quality, SLOWEST));
  const coded = Math.floor(budget.spent / slowFrame);
  assert.deepEqual([coded, frames.size], [13, 13]);
});
