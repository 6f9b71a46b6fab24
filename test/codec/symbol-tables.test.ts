import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { RangeDecoder, RangeEncoder, TOTAL } from "../../src/codec/entropy/range-coder.ts";
import { MAX_SYMBOL, SCALES, SymbolTables } from "../../src/codec/entropy/symbol-tables.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { priorWeights } from "../../src/model/weights.ts";
import { buildTables } from "../../src/train/export/tables.ts";
import { faces, facesFolder, zippyError } from "./support.ts";

const blob = readSafetensors(readFileSync(join(facesFolder, "prior.safetensors")));
const { architecture } = await faces();
const lengths = [...blob.get("tables.lengths")!.data];
const frequencies = [...blob.get("tables.frequencies")!.data];
let at = 0;
const shipped = lengths.map((length) => {
  at += length;
  return Uint16Array.from(frequencies.slice(at - length, at));
});
/** Tables of one symbol beside the escape; an escape of frequency 1; a flat one. */
const odd = Array.from({ length: SCALES }, (_, i) => {
  if (i === 0) return Uint16Array.of(65535, 1);
  if (i === 1) return Uint16Array.of(1, 65535);
  if (i === 2) return new Uint16Array(1024).fill(64);
  return Uint16Array.of(1, 65533, 1, 1);
});

for (const [name, tables] of [
  ["the model's", shipped],
  ["a new Gaussian's", buildTables()],
  ["odd", odd],
] as const) {
  test(`${name} tables keep the contract: no zero, contiguous, a sum of 65536, symmetric room`, () => {
    assert.equal(tables.length, SCALES);
    for (const table of tables) {
      assert.equal(table.length % 2, 0);
      assert.ok(table.every((frequency) => frequency >= 1));
      assert.equal(
        table.reduce((a, b) => a + b, 0),
        TOTAL,
      );
    }
  });

  test(`${name} tables invert: every symbol, both ends, the middle, and the escape's`, () => {
    const coded = new SymbolTables(tables);
    for (let scale = 0; scale < SCALES; scale++) {
      const half = (tables[scale]!.length - 2) / 2;
      const symbols = [
        -half,
        half,
        0,
        -half - 1,
        half + 1,
        -MAX_SYMBOL,
        MAX_SYMBOL,
        1 - half,
        half - 1,
        1,
        -1,
      ].filter((symbol) => Math.abs(symbol) <= MAX_SYMBOL);
      for (let symbol = -half; symbol <= half; symbol += 1 + (half >> 6)) symbols.push(symbol);
      const encoder = new RangeEncoder();
      for (const symbol of symbols) coded.encode(encoder, scale, symbol);
      const decoder = new RangeDecoder(encoder.finish());
      assert.deepEqual(
        symbols.map(() => coded.decode(decoder, scale)),
        symbols.map((symbol) => symbol + 0), // no −0
      );
      decoder.finish();
    }
  });

  test(`${name} tables: any symbols at any scales come back, at their stated cost`, () => {
    const coded = new SymbolTables(tables);
    const symbol = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.integer({ min: -100, max: 100 }),
      fc.integer({ min: -MAX_SYMBOL, max: MAX_SYMBOL }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(SCALES - 1), symbol), { maxLength: 300 }), (sequence) => {
        const encoder = new RangeEncoder();
        let bits = 0;
        for (const [scale, value] of sequence) {
          coded.encode(encoder, scale, value);
          bits += coded.cost(scale, value);
        }
        const bytes = encoder.finish();
        assert.ok(bytes.length * 8 <= bits * 1.002 + 8, `${bytes.length} bytes for ${bits} bits`);
        const decoder = new RangeDecoder(bytes);
        for (const [scale, value] of sequence) assert.equal(coded.decode(decoder, scale), value);
        decoder.finish();
      }),
      { numRuns: 500 },
    );
  });
}

test("a symbol costs less the likelier it is; an escape costs its gamma code too", () => {
  const tables = new SymbolTables(odd);
  assert.ok(Math.abs(tables.cost(0, 0) - Math.log2(65536 / 65535)) < 1e-12);
  // escape of 16 bits, sign, gamma of 1, 2, 3, 4 and 895
  assert.deepEqual(
    [1, -1, 2, 3, 4, MAX_SYMBOL].map((symbol) => tables.cost(0, symbol) - 16),
    [2, 2, 4, 4, 6, 20],
  );
});

test("Elias's gamma code: the bits that docs/format.md states", () => {
  const tables = new SymbolTables(odd);
  const bitsOf = (symbol: number, count: number) => {
    const encoder = new RangeEncoder();
    tables.encode(encoder, 1, symbol);
    const decoder = new RangeDecoder(encoder.finish());
    decoder.consume(1, 65535); // the escape
    return Array.from({ length: count }, () => decoder.decodeBit()).join("");
  };
  assert.equal(bitsOf(1, 2), "01");
  assert.equal(bitsOf(-1, 2), "11");
  assert.equal(bitsOf(2, 4), "0010");
  assert.equal(bitsOf(-3, 4), "1011");
  assert.equal(bitsOf(10, 8), "00001010");
  assert.equal(bitsOf(-895, 20), "10000000001101111111");
});

test("a coded symbol beyond ±895 is refused, however it is written", () => {
  const tables = new SymbolTables(odd);
  for (const excess of [896, 897, 2048, 4095]) {
    const encoder = new RangeEncoder();
    tables.encode(encoder, 1, excess);
    assert.throws(() => tables.decode(new RangeDecoder(encoder.finish()), 1), zippyError("bad-file", /±895/));
  }
  const encoder = new RangeEncoder();
  encoder.encode(1, 65535);
  for (let i = 0; i < 13; i++) encoder.encodeBit(0);
  for (let i = 0; i < 40; i++) encoder.encodeBit(1);
  assert.throws(() => tables.decode(new RangeDecoder(encoder.finish()), 1), zippyError("bad-file", /±895/));
});

test("illegal tables are refused", () => {
  const refused = (change: (tables: Uint16Array[]) => void, text: RegExp) => {
    const tables = shipped.map((table) => table.slice());
    change(tables);
    assert.throws(() => new SymbolTables(tables), zippyError("bad-model", text));
  };
  refused((tables) => tables.pop(), /expected 64 tables, got 63/);
  refused((tables) => {
    tables[3] = Uint16Array.of(65000, 500, 36);
  }, /table 3: expected an even number of entries, 2–1792, got 3/);
  refused((tables) => {
    tables[3] = new Uint16Array(0);
  }, /table 3: .* got 0/);
  refused((tables) => {
    tables[3] = new Uint16Array(4098).fill(15);
  }, /table 3: expected an even number of entries, 2–1792, got 4098/);
  refused((tables) => {
    tables[5]![1]! += 1;
  }, /table 5: expected a sum of 65536, got 65537/);
  refused((tables) => {
    tables[63]![2]! += tables[63]![0]!;
    tables[63]![0] = 0;
  }, /table 63: entry 0 is zero/);
});

test("tables in a blob: the lengths cut the row of frequencies", () => {
  const tables = priorWeights(blob, architecture).tables;
  const encoder = new RangeEncoder();
  tables.encode(encoder, 63, -17);
  assert.equal(tables.decode(new RangeDecoder(encoder.finish()), 63), -17);
});
