/** What a tape gives on the way back is the derivative of what it computes on the way forward. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { IntegerConvolution } from "../../src/codec/integer/convolution.ts";
import { type Architecture, DEFAULT_ARCHITECTURE } from "../../src/codec/network/architecture.ts";
import {
  FEATURE_LIMIT,
  synthesis,
  synthesisShapes,
  TRANSFORM_SLOPE,
} from "../../src/codec/network/transforms.ts";
import { Tape } from "../../src/codec/rdo/autodiff.ts";
import { PlainLayers } from "./plain-layers.ts";
import { randomIntegers } from "./support.ts";

/** Random convolutions that leave maps about as large as they were, with channels of very different scales. */
function randomConvolutions(architecture: Architecture, seed: number): Map<string, IntegerConvolution> {
  const next = randomIntegers(seed);
  return new Map(
    synthesisShapes(architecture).map(({ name, kernel: shape, finer = false }) => {
      const [height, width, depth, out] = shape;
      const usual = 1 / (73 * Math.sqrt(height * width * depth));
      return [
        name,
        {
          name,
          shape,
          kernel: Int8Array.from({ length: height * width * depth * out }, () => (next() % 255) - 127),
          bias: Int32Array.from({ length: out }, () => (next() % 40_001) - 20_000),
          inputLimits: FEATURE_LIMIT,
          multiplier: Float32Array.from({ length: out }, () => usual * (0.25 + (next() % 100) / 66)),
          slope: TRANSFORM_SLOPE,
          limit: name.endsWith("out") ? 32_767 : FEATURE_LIMIT,
          finer,
        },
      ];
    }),
  );
}

const even = (max: number) => fc.integer({ min: 2, max: max / 2 }).map((half) => half * 2);
const architectures: fc.Arbitrary<Architecture> = fc
  .tuple(
    fc.integer({ min: 1, max: 9 }),
    fc.tuple(even(12), even(14), even(20)),
    fc.tuple(fc.nat(2), fc.nat(1), fc.nat(1)),
  )
  .map(([latentChannels, widths, blocks]) => ({
    ...DEFAULT_ARCHITECTURE,
    latentChannels,
    synthesis: { widths, blocks },
  }));

test("on the way back, a network of any widths gives the derivative of what it gives forward", () => {
  // rounding on the way forward puts single values on the other side of a kink
  let [sizes, errors] = [0, 0];
  fc.assert(
    fc.property(
      architectures,
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(),
      (architecture, rows, columns, seed) => {
        const convolutions = randomConvolutions(architecture, seed);
        const tape = new Tape(convolutions, TRANSFORM_SLOPE, { rows, columns });
        const next = randomIntegers(seed + 1);
        const channels = architecture.latentChannels;
        const smooth = new PlainLayers(convolutions, true);
        const plain = (values: readonly number[]) =>
          synthesis(architecture, smooth, { rows, columns, channels, values }).values;
        for (let again = 0; again < 2; again++) {
          const input = Array.from({ length: rows * columns * channels }, () => (next() % 4001) - 2000);
          const { output, back } = tape.record("g_s", Int16Array.from(input), (layers, x) =>
            synthesis(architecture, layers, x),
          );
          const exact = synthesis(architecture, new PlainLayers(convolutions), {
            rows,
            columns,
            channels,
            values: input,
          });
          assert.deepEqual(Array.from(output), exact.values);
          const byOutput = Float32Array.from(output, () => (next() % 2001) - 1000);
          const gradient = back(byOutput);
          const scalar = (values: readonly number[]) =>
            plain(values).reduce((sum, value, i) => sum + value * byOutput[i]!, 0);
          const derivative = input.map((_, i) => {
            const moved = (by: number) => scalar(input.map((value, j) => (j === i ? value + by : value)));
            return (moved(0.01) - moved(-0.01)) / 0.02;
          });
          const size = Math.hypot(...derivative);
          const error = Math.hypot(...derivative.map((value, i) => value - gradient[i]!));
          assert.ok(error < 0.5 * size, `${error} of ${size}`);
          sizes += size;
          errors += error;
        }
      },
    ),
    { numRuns: 30 },
  );
  assert.ok(errors < 0.03 * sizes, `${errors} of ${sizes}`);
});

test("no gradient goes in, none comes out", () => {
  const architecture: Architecture = {
    ...DEFAULT_ARCHITECTURE,
    latentChannels: 2,
    synthesis: { widths: [2, 2, 2], blocks: [1, 0, 0] },
  };
  const tape = new Tape(randomConvolutions(architecture, 7), TRANSFORM_SLOPE, { rows: 2, columns: 3 });
  const { output, back } = tape.record("g_s", new Int16Array(12), (layers, x) =>
    synthesis(architecture, layers, x),
  );
  assert.deepEqual(back(new Float32Array(output.length)), new Float32Array(12));
});
