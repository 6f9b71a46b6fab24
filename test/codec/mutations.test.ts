/**
 * Damaged files: 100,000 mutated `.zn` files, each fully decoded. Each is refused with a `ZippyNetError`, or gives a
 * picture of the size its header states (what damages nothing, or passes the check byte); nothing else, and in bounded
 * time.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { decodeImage, decodeLatents } from "../../src/codec/decode.ts";
import { encodeImage } from "../../src/codec/encode.ts";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { checkIndex, readLatentsFile, SQUARES } from "../../src/codec/format/latents-file.ts";
import type { Model } from "../../src/codec/model.ts";
import { latentSize } from "../../src/codec/network/architecture.ts";
import { info } from "../../src/index.ts";
import { decodeByFormat, openFormatModel } from "./format-decoder.ts";
import { faces, facesFolder, madePicture, plainPrior, zippyError } from "./support.ts";

const RUNS = 100_000;
/** Grids up to this many positions are decoded always; a file that claims more, in a sample. */
const SMALL = 4;
const MEDIUM = 64;
const MEDIUM_SAMPLE = 400;

const model = await faces();
/** With so few positions plain integers are the faster engine; they give what float32 gives. */
const quick: Model = {
  ...model,
  prior: plainPrior(model.architecture),
};

const sizes: [number, number][] = [
  [8, 8],
  [8, 8],
  [8, 8],
  [8, 8],
  [8, 9],
  [16, 8],
  [16, 16],
];
const originals = [5, 30, 60, 100].flatMap((quality) =>
  sizes.map(
    ([width, height], seed) => encodeImage(model, madePicture(width, height, seed, seed === 3), quality).file,
  ),
);

type Mutation = (file: Uint8Array) => Uint8Array;

const byte = fc.nat(255);
const place = fc.nat(1e6);
const bytes = fc.uint8Array({ minLength: 1, maxLength: 5 });

function spliced(file: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  return Uint8Array.of(...file.subarray(0, at), ...insert, ...file.subarray(at + remove));
}

const none = new Uint8Array();
/** Where the check byte stands, by the tag: the short form names the model there, the long one in a byte of its own. */
const checkAt = (file: Uint8Array) => checkIndex(file[0] ?? 0);
/** Where the payload begins, by the tag: a size that is stated takes two bytes, as small as sides are here. */
const payloadAt = (file: Uint8Array) => checkAt(file) + 1 + (file[0] === 0x8f ? 2 : 0);
/** A place among the payload's bytes for the most part: a damaged header is refused soon. */
const where = (file: Uint8Array, at: number) => {
  const start = payloadAt(file);
  return file.length > start + 1 && at % 5 > 0
    ? start + (at % (file.length - start))
    : at % (file.length + 1);
};
/** Another quality and check byte over the same payload. */
const retold =
  (quality: number, check: number): Mutation =>
  (file) =>
    spliced(file, checkAt(file) - 1, 2, Uint8Array.of(quality, check));

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(place, fc.nat(7)).map(
      ([at, bit]): Mutation =>
        (file) =>
          file.map((value, i) => (i === where(file, at) ? value ^ (1 << bit) : value)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(place, bytes).map(
      ([at, values]): Mutation =>
        (file) =>
          spliced(file, where(file, at), values.length, values),
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Mutation =>
        (file) =>
          file.subarray(0, where(file, at)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(place, fc.nat(4)).map(
      ([at, count]): Mutation =>
        (file) =>
          spliced(file, where(file, at), count, none),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(place, bytes).map(
      ([at, values]): Mutation =>
        (file) =>
          spliced(file, where(file, at), 0, values),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 40 }).map(
      (payload): Mutation =>
        (file) =>
          spliced(file, payloadAt(file), file.length, payload),
    ),
  },
  // any quality and check byte over a sound payload, so that some pass
  {
    weight: 1,
    arbitrary: fc.tuple(byte, byte).map(([quality, check]) => retold(quality, check)),
  },
);

const mutated = fc
  .tuple(fc.nat(originals.length - 1), fc.array(mutation, { minLength: 1, maxLength: 3 }))
  .map(([which, mutations]) =>
    mutations.reduce<Uint8Array>((file, mutate) => mutate(file), originals[which]!),
  );

/** A header with any of its fields legal or not, of any size. */
const anyHeader = fc
  .tuple(
    fc.oneof(fc.integer({ min: 0x80, max: 0x8f }), fc.integer({ min: 0xc0, max: 0xce }), byte),
    fc.oneof(fc.constant(1), byte),
    fc.oneof(fc.integer({ min: 1, max: 100 }), byte),
    byte,
    fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom(...originals.map((file) => readLatentsFile(file).payload)),
    ),
  )
  .map(([tag, number, quality, check, rest]) => Uint8Array.of(tag, number, quality, check, ...rest));

/** What became of a file; throws if it is something that must not be. */
function verdict(engine: Model, file: Uint8Array): "refused" | "decoded" {
  try {
    const { width, height } = readLatentsFile(file).header;
    const image = decodeImage(engine, file);
    assert.deepEqual([image.width, image.height, image.data.length], [width, height, width * height * 3]);
    return "decoded";
  } catch (error) {
    if (!(error instanceof ZippyNetError)) throw error;
    assert.ok(error.code === "bad-file" || error.code === "unknown-model", `${error.code}: ${error.message}`);
    assert.match(error.message, /(expected|ends|outside|stated|not a varint)/);
    return "refused";
  }
}

/** Positions that a file claims; 0 if its header is refused. */
function claimed(file: Uint8Array): number {
  try {
    const told = info(file);
    if (told.kind !== "latents") return 0; // `file.test.ts` mutates those
    const { rows, columns } = latentSize(told.width, told.height);
    return told.model === model.number ? rows * columns : 0;
  } catch (error) {
    assert.ok(zippyError("bad-file", /^(not a|damaged) \.zn file: /)(error));
    return 0;
  }
}

test("mutations find the fields of headers of both forms", () => {
  const forms = new Set<number>();
  for (const file of originals) {
    const { header, payload } = readLatentsFile(file);
    assert.equal(payloadAt(file), file.length - payload.length);
    assert.deepEqual(readLatentsFile(retold(77, 5)(file)), {
      header: { ...header, quality: 77, grey: false },
      check: 5,
      payload,
    });
    forms.add(checkAt(file));
  }
  assert.deepEqual([...forms].sort(), [2, 3]);
});

test(`${RUNS} mutated files are refused or decoded, all in bounded time`, (t) => {
  const tally = { refused: 0, decoded: 0, medium: 0, claimsTooMuch: 0 };
  let slowest = 0;
  const property = fc.property(fc.oneof({ weight: 9, arbitrary: mutated }, anyHeader), (file) => {
    const positions = claimed(file);
    if (positions > SMALL) {
      if (positions > MEDIUM || tally.medium >= MEDIUM_SAMPLE) {
        tally.claimsTooMuch++;
        return;
      }
      tally.medium++;
    }
    const start = performance.now();
    tally[verdict(positions > 2 || tally.refused % 50 === 0 ? model : quick, file)]++;
    slowest = Math.max(slowest, performance.now() - start);
  });
  for (let left = RUNS; left > 0; left = RUNS - tally.refused - tally.decoded) {
    fc.assert(property, { numRuns: left });
  }
  t.diagnostic(`${JSON.stringify(tally)}, the slowest in ${Math.round(slowest)} ms`);
  assert.ok(tally.refused > RUNS / 2 && tally.decoded > RUNS / 500, JSON.stringify(tally));
  assert.ok(slowest < 20_000, `the slowest took ${slowest} ms`);
});

test("the decoder written from docs/format.md gives the same verdicts", () => {
  const byFormat = openFormatModel((name) => readFileSync(join(facesFolder, name)));
  fc.assert(
    fc.property(mutated, (file) => {
      if (claimed(file) > 1) return;
      let refused = false;
      try {
        decodeByFormat(byFormat, file);
      } catch (error) {
        assert.match(String(error), /refused/);
        refused = true;
      }
      assert.equal(verdict(quick, file), refused ? "refused" : "decoded");
    }),
    { numRuns: 400 },
  );
});

test("a header of any size and a payload that is not its own: refused by the check byte, 255 times of 256", () => {
  const { payload } = readLatentsFile(originals[0]!);
  let decoded = 0;
  SQUARES.filter((side) => side <= 64).forEach((_, size) => {
    for (let check = 0; check < 256; check += 5) {
      const file = Uint8Array.of(0xc0 | size, 50, check, ...payload);
      try {
        decodeLatents(model, file);
        decoded++;
      } catch (error) {
        assert.ok(zippyError("bad-file")(error));
      }
    }
  });
  assert.ok(decoded <= 7, "at most once for each size");
});

test("eight bytes may claim 1024×1024: a bounded effort, and refused; 1025 is refused at once", () => {
  const claim = (check: number) => Uint8Array.of(0x8f, 1, 50, check, 0x80, 8, 0x80, 8);
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const refused = [0, 1].filter((check) => {
    try {
      decodeLatents(model, claim(check));
      return false;
    } catch (error) {
      return zippyError("bad-file", /check byte/)(error);
    }
  });
  assert.ok(refused.length >= 1);
  assert.ok(performance.now() - start < 60_000);
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(grown < 600, `the process grew by ${Math.round(grown)} MiB`);
  const soon = performance.now();
  for (let i = 0; i < 1000; i++) {
    assert.throws(
      () => decodeLatents(model, Uint8Array.of(0x8f, 1, 50, 0, 0x81, 8, 0x80, 8)),
      zippyError("bad-file"),
    );
  }
  assert.ok(performance.now() - soon < 10_000);
});
