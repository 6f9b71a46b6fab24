import assert from "node:assert/strict";
import { test } from "node:test";
import { SymbolTables } from "../../src/codec/entropy/symbol-tables.ts";
import { type Image, UPRIGHT } from "../../src/codec/image.ts";
import { Mulberry32 } from "../../src/codec/rdo/sga.ts";
import { analysisOf, type Trial, trialOf } from "../../src/codec/rdo/trials.ts";
import { openModels } from "../../src/model/folder.ts";
import { buildTables, countSymbols, noCounts } from "../../src/train/export/tables.ts";

const SIDE = 48;
/** Stripes with noise over them: what a model of portraits does not expect. */
const IMAGES: readonly Image[] = Array.from({ length: 3 }, (_, i) => {
  const random = new Mulberry32(i + 1);
  const data = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, at) =>
    Math.round(120 + 80 * Math.sin(at / (20 + i)) + 40 * random.uniform()),
  );
  return { width: SIDE, height: SIDE, data };
});
const model = await (await openModels()).byName("portraits-3");

const trialsAt = (quality: number): Trial[] =>
  IMAGES.map((image) => trialOf(model, analysisOf(model, image, UPRIGHT), quality));

function tablesOf(qualities: readonly number[], weight = 1): SymbolTables {
  const counts = noCounts();
  for (const image of IMAGES) countSymbols(model, image, qualities, weight, counts);
  return new SymbolTables(buildTables(counts));
}

/** Bits of some trials by tables. */
function bitsOf(trials: readonly Trial[], tables: SymbolTables): number {
  let bits = 0;
  for (const { scales, symbols } of trials)
    symbols.forEach((symbol, i) => {
      bits += tables.cost(scales[i]!, symbol);
    });
  return bits;
}

test("tables counted on pictures make these smaller, the more so the more the pictures count", () => {
  const trials = trialsAt(40);
  const [none, some, more] = [0, 1, 20].map((weight) => bitsOf(trials, tablesOf([40], weight)));
  assert.ok(more! < some! && some! < none!, `${none} → ${some} → ${more} bits`);
});

test("a small file's symbols count more than a large one's: what a hundredth is worth, it is worth at every quality", () => {
  const [low, high] = [trialsAt(10), trialsAt(90)];
  const tables = tablesOf([10, 90]);
  // counted alone, each quality has the tables that suit it best; of what they save, together both keep a good share
  const kept = [low, high].map((trials, i) => {
    const [plain, own] = [new SymbolTables(buildTables()), tablesOf([[10, 90][i]!])];
    return (bitsOf(trials, plain) - bitsOf(trials, tables)) / (bitsOf(trials, plain) - bitsOf(trials, own));
  });
  assert.ok(Math.min(...kept) > 0.4, `${kept}`);
});
