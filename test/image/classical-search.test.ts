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

const TARGETS: readonly Target[] = [
  { kind: "psnr", decibels: 33 },
  { kind: "bytes", maxBytes: 700 },
];

suite("towards a target, the slowest effort makes few frames", () => {
  for (const target of TARGETS) {
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

test("wherever a budget ends, there is a file, and little more is spent", async () => {
  for (const target of [...TARGETS, { kind: "quality", quality: 50 } as const]) {
    const judge = new Judge(target, image.data.length);
    for (const frames of [0, 0.02, 0.05, 0.1, 0.3, 1]) {
      const multiplications = frames * slowFrame;
      const budget = new Budget({ multiplications });
      const found = await new Classical(image, NO_WRAP, 1, budget).lossy(judge);
      assert.ok(found.length > 0, `${JSON.stringify(target)}, ${frames} frames`);
      const more = (budget.spent - multiplications) / slowFrame;
      assert.ok(more < 1, `${more} frames more than ${frames}`);
      const [rival] = found;
      const limited = new Budget({ multiplications });
      await new Classical(image, NO_WRAP, 1, limited).lossy(judge, rival);
    }
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
