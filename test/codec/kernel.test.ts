/**
 * The WebAssembly kernel computes what `integer/convolution.ts` says, for transforms of any widths on maps of any size.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import fc from "fast-check";
import { assembled } from "../../scripts/build-kernel.ts";
import type { IntegerConvolution } from "../../src/codec/integer/convolution.ts";
import { IntegerLayers } from "../../src/codec/integer/integer-layers.ts";
import type { ConvolutionShape } from "../../src/codec/network/architecture.ts";
import { type Architecture, DEFAULT_ARCHITECTURE } from "../../src/codec/network/architecture.ts";
import {
  analysis,
  analysisShapes,
  FEATURE_LIMIT,
  synthesis,
  synthesisShapes,
} from "../../src/codec/network/transforms.ts";
import { PlainLayers, type PlainMap } from "./plain-layers.ts";
import { randomIntegers, zippyError } from "./support.ts";

/** Random convolutions: extreme weights, sums that are clipped and halves that are rounded are all frequent. */
function randomConvolutions(
  shapes: readonly ConvolutionShape[],
  seed: number,
): Map<string, IntegerConvolution> {
  const next = randomIntegers(seed);
  return new Map(
    shapes.map(({ name, kernel: shape, finer = false }): [string, IntegerConvolution] => [
      name,
      {
        name,
        shape,
        kernel: Int8Array.from({ length: shape.reduce((a, b) => a * b) }, () => (next() % 255) - 127),
        bias: Int32Array.from({ length: shape[3] }, () => (next() % 2_000_001) - 1_000_000),
        inputLimits: FEATURE_LIMIT,
        multiplier: Float32Array.from({ length: shape[3] }, () =>
          next() % 3 ? (next() % 1000) / 100_000 : 2 ** -(next() % 12),
        ),
        slope: 0.1,
        limit: name.endsWith("out") ? 32_767 : FEATURE_LIMIT,
        finer,
      },
    ]),
  );
}

const even = (max: number) => fc.integer({ min: 1, max: max / 2 }).map((half) => half * 2);
const blocks = fc.tuple(fc.nat(2), fc.nat(1), fc.nat(1));
const architectures: fc.Arbitrary<Architecture> = fc
  .tuple(fc.integer({ min: 1, max: 21 }), fc.tuple(even(20), even(26), even(34)), blocks)
  .map(([latentChannels, widths, blocks]) => ({
    ...DEFAULT_ARCHITECTURE,
    latentChannels,
    analysis: { widths, blocks },
    synthesis: { widths, blocks },
  }));

test("both transforms equal plain integers, and again on another size", () => {
  fc.assert(
    fc.property(
      architectures,
      fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.nat(1e6),
      (architecture, sizes, seed) => {
        const next = randomIntegers(seed);
        const g_a = randomConvolutions(analysisShapes(architecture), seed);
        const g_s = randomConvolutions(synthesisShapes(architecture), seed + 1);
        const [fastA, fastS] = [new IntegerLayers(g_a), new IntegerLayers(g_s)];
        const [plainA, plainS] = [new PlainLayers(g_a), new PlainLayers(g_s)];
        const mapOf = (rows: number, columns: number, channels: number, limit: number): PlainMap => ({
          rows,
          columns,
          channels,
          values: Array.from({ length: rows * columns * channels }, () => (next() % (2 * limit + 1)) - limit),
        });
        for (const [rows, columns] of sizes) {
          const image = mapOf(rows * 4, columns * 4, 12, 255);
          assert.deepEqual(
            [...fastA.run(Int16Array.from(image.values), image, (on, x) => analysis(architecture, on, x))],
            analysis(architecture, plainA, image).values,
          );
          const y = mapOf(rows, columns, architecture.latentChannels, FEATURE_LIMIT);
          assert.deepEqual(
            [...fastS.run(Int16Array.from(y.values), y, (on, x) => synthesis(architecture, on, x))],
            synthesis(architecture, plainS, y).values,
          );
        }
      },
    ),
    { numRuns: 40 },
  );
});

test("sums up to the last below 2^31 are exact, and more are refused", () => {
  const [depth, out] = [64, 9];
  const kernel = new Int8Array(9 * depth * out).fill(127);
  const room = 2 ** 31 - 1 - 9 * depth * 127 * FEATURE_LIMIT;
  const convolution = (bias: number, inputLimits: number | number[] = FEATURE_LIMIT): IntegerConvolution => ({
    name: "conv",
    shape: [3, 3, depth, out],
    kernel,
    bias: new Int32Array(out).fill(bias),
    inputLimits,
    multiplier: new Float32Array(out).fill(2 ** -17),
    slope: 1,
    limit: 32_767,
    finer: false,
  });
  const layersOf = (bias: number, inputLimits?: number[]) =>
    new IntegerLayers(new Map([["conv", convolution(bias, inputLimits)]]));
  const refused = zippyError("bad-model", /conv: expected sums below 2\^31, got up to 1.00 of it/);
  assert.throws(() => layersOf(room + 1), refused);
  // half of the inputs are half as large: so much more room for bias
  const half = Array.from({ length: depth }, (_, d) => (d % 2 ? FEATURE_LIMIT : (FEATURE_LIMIT - 1) / 2));
  const more = ((9 * depth) / 2) * 127 * ((FEATURE_LIMIT + 1) / 2);
  layersOf(room + more, half);
  assert.throws(() => layersOf(room + more + 1, half), refused);
  const values = new Array<number>(9 * depth).fill(FEATURE_LIMIT);
  const x: PlainMap = { rows: 3, columns: 3, channels: depth, values };
  const layers = layersOf(room);
  const found = layers.run(Int16Array.from(values), x, (on, map) => on.conv(map, "conv"));
  assert.deepEqual(
    [...found],
    new PlainLayers(new Map([["conv", convolution(room)]])).conv(x, "conv").values,
  );
  assert.equal(found[4 * out], 2 ** 14);
});

test("kernel.wasm.ts is what kernel.wat assembles to", async () => {
  const committed = await readFile(
    new URL("../../src/codec/integer/kernel.wasm.ts", import.meta.url),
    "utf8",
  );
  assert.equal(committed, await assembled(), "npm run build:kernel");
});
