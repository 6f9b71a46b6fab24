import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { RangeDecoder, RangeEncoder, TOTAL } from "../../src/codec/entropy/range-coder.ts";
import { zippyError } from "./support.ts";

type Symbol = readonly [cum: number, freq: number];

const encode = (symbols: readonly Symbol[]): Uint8Array => {
  const coder = new RangeEncoder();
  for (const [cum, freq] of symbols) coder.encode(cum, freq);
  return coder.finish();
};

/** Whether the bytes decode to these symbols, with the same verdict at the end. */
const decodesTo = (bytes: Uint8Array, symbols: readonly Symbol[]): boolean => {
  let coder: RangeDecoder;
  try {
    coder = new RangeDecoder(bytes);
  } catch {
    return false;
  }
  for (const [cum, freq] of symbols) {
    const share = coder.peek();
    if (share < cum || share >= cum + freq) return false;
    coder.consume(cum, freq);
  }
  try {
    coder.finish();
  } catch {
    return false;
  }
  return true;
};

/** Any interval, with the extremes (frequency 1 at both ends, nearly everything) far more often than by chance. */
const symbol: fc.Arbitrary<Symbol> = fc.oneof(
  fc
    .tuple(fc.nat(TOTAL - 1), fc.nat(TOTAL - 1))
    .map(([cum, more]): Symbol => [cum, 1 + (more % (TOTAL - cum))]),
  fc.constantFrom<Symbol[]>(
    [0, 1],
    [TOTAL - 1, 1],
    [0, TOTAL - 1],
    [1, TOTAL - 1],
    [0, TOTAL / 2],
    [TOTAL / 2, TOTAL / 2],
    [TOTAL / 2 - 1, 1],
    [TOTAL - 2, 1],
  ),
);

test("what was coded comes back, in at most its bits and a byte", () => {
  fc.assert(
    fc.property(fc.array(symbol, { maxLength: 400 }), (symbols) => {
      const bytes = encode(symbols);
      assert.ok(decodesTo(bytes, symbols));
      const bits = symbols.reduce((sum, [, freq]) => sum - Math.log2(freq / TOTAL), 0);
      // each division loses at most one part in 256 of the interval, 2^-7.5 bits
      assert.ok(
        bytes.length * 8 <= bits + 8 + symbols.length * 0.006,
        `${bytes.length} bytes for ${bits} bits`,
      );
    }),
    { numRuns: 3000 },
  );
});

test("golden vectors: literal bytes, the same as in docs/format.md", () => {
  const page = readFileSync(new URL("../../docs/format.md", import.meta.url), "utf8");
  const [, table] = /\| coded +\| payload +\|\n\|[ -]+\|[ -]+\|\n((\|.*\n)+)/.exec(page)!;
  const vectors = new Map(
    table!
      .trim()
      .split("\n")
      .map((row) => row.split("|").map((cell) => cell.trim()))
      .map(([, coded, payload]) => [coded!, payload!.replaceAll("`", "")]),
  );
  const golden: [Symbol[], string][] = [
    [[[32768, 32768]], "80"],
    [[[65535, 1]], "ffff"],
    [
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      "000100010004",
    ],
    [
      [
        [20000, 30000],
        [0, 65535],
        [65535, 1],
        [12345, 678],
      ],
      "c34d6d",
    ],
    [
      [
        [0, 40000],
        [40000, 25536],
        [0, 1],
        [65535, 1],
      ],
      "5f5db0a0c4",
    ],
    [
      [
        [65535, 1],
        [65535, 1],
        [65535, 1],
        [0, 1],
      ],
      "fffffffeff0001",
    ],
    [
      [
        [65535, 1],
        [65535, 1],
        [0, 65535],
        [32767, 1],
        [40000, 25536],
      ],
      "ffffff7eff9d",
    ],
  ];
  assert.equal(Buffer.from(encode([])).toString("hex"), "");
  assert.equal(Buffer.from(encode([[0, 32768]])).toString("hex"), "");
  for (const [symbols, payload] of golden) {
    assert.equal(Buffer.from(encode(symbols)).toString("hex"), payload);
    assert.equal(vectors.get(symbols.map(([cum, freq]) => `${cum}+${freq}`).join(", ")), payload);
    assert.ok(decodesTo(Buffer.from(payload, "hex"), symbols));
  }
  assert.equal(vectors.size, golden.length + 2);
});

test("the flush is the shortest: no shorter payload decodes to the same symbols", () => {
  const coarse = fc
    .tuple(fc.nat(15), fc.nat(15))
    .map(([cum, more]): Symbol => [cum * 4096, (1 + (more % (16 - cum))) * 4096]);
  fc.assert(
    fc.property(fc.array(coarse, { maxLength: 7 }), (symbols) => {
      const { length } = encode(symbols);
      for (let shorter = 0; shorter < Math.min(length, 3); shorter++) {
        const bytes = new Uint8Array(shorter);
        for (let value = 0; value < 256 ** shorter; value++) {
          bytes.forEach((_, i) => {
            bytes[i] = value >> (8 * i);
          });
          assert.ok(!decodesTo(bytes, symbols), `${bytes} decodes like ${symbols.join(" ")}`);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("a payload cut by one byte no longer decodes to the same symbols", () => {
  fc.assert(
    fc.property(fc.array(symbol, { minLength: 1, maxLength: 60 }), (symbols) => {
      const bytes = encode(symbols);
      fc.pre(bytes.length > 0);
      assert.ok(!decodesTo(bytes.subarray(0, -1), symbols));
    }),
    { numRuns: 2000 },
  );
});

test("a carry runs through any number of 0xff", () => {
  for (let length = 3; length < 40; length++) {
    // narrows down on a value just below 7fff8100…, which the last symbol does or does not cross
    const symbols = Array.from({ length }, (): Symbol => [TOTAL / 2 - 1, 2]);
    const below = encode([...symbols, [0, 1]]);
    const above = encode([...symbols, [TOTAL - 1, 1]]);
    assert.match(Buffer.from(below).toString("hex"), /^7fff7f80(ff)+/);
    assert.match(Buffer.from(above).toString("hex"), /^7fff7f81(00)+/);
    assert.ok(above.filter((byte) => byte === 0).length >= length - 2, "as long a run as there are symbols");
    assert.ok(decodesTo(below, [...symbols, [0, 1]]));
    assert.ok(decodesTo(above, [...symbols, [TOTAL - 1, 1]]));
  }
});

test("bits of probability ½ cost a bit each", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1), { maxLength: 200 }), (bits) => {
      const encoder = new RangeEncoder();
      for (const bit of bits) encoder.encodeBit(bit);
      const bytes = encoder.finish();
      assert.ok(bytes.length <= Math.ceil(bits.length / 8) + 1);
      const decoder = new RangeDecoder(bytes);
      assert.deepEqual(
        bits.map(() => decoder.decodeBit()),
        bits,
      );
      decoder.finish();
    }),
  );
});

test("the verdict refuses bytes that no encoder writes", () => {
  const symbols: Symbol[] = [
    [100, 50],
    [7, 7],
  ];
  const bytes = encode(symbols);
  const finish = (payload: ArrayLike<number>) => {
    const coder = new RangeDecoder(Uint8Array.from(payload));
    for (const [cum, freq] of symbols) coder.consume(cum, freq);
    coder.finish();
  };
  finish(bytes);
  assert.throws(() => finish([...bytes, 0]), zippyError("bad-file", /ends with a zero byte/));
  assert.throws(
    () => finish([...bytes, 1, 2, 3, 4, 5]),
    zippyError("bad-file", /at most \d+ bytes .* got \d+/),
  );
  assert.throws(() => new RangeDecoder(new Uint8Array(4).fill(255)), zippyError("bad-file", /outside/));
});

test("any bytes decode to something, within the alphabet, and stop", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: TOTAL - 1 })),
      (bytes, cuts) => {
        fc.pre(!(bytes.length >= 4 && bytes.subarray(0, 4).every((byte) => byte === 255)));
        const coder = new RangeDecoder(bytes);
        for (const cut of cuts) {
          const share = coder.peek();
          assert.ok(Number.isInteger(share) && share >= 0 && share < TOTAL);
          if (share < cut) coder.consume(0, cut);
          else coder.consume(cut, TOTAL - cut);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
