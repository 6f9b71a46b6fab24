/** The engine of the prior agrees with plain numbers to the last bit, over inputs real and extreme. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { priorOn } from "../../src/codec/entropy/context-model.ts";
import { MAX_SYMBOL } from "../../src/codec/entropy/symbol-tables.ts";
import { type PriorLayer, priorInIntegers } from "../../src/codec/integer/convolution.ts";
import { IntegerLayers } from "../../src/codec/integer/integer-layers.ts";
import { type Architecture, PASSES } from "../../src/codec/network/architecture.ts";
import {
  type CodingStep,
  codingSteps,
  inputChannels,
  inputLimits,
  LATENT_UNIT,
  MEAN_LIMIT,
  priorShapes,
} from "../../src/codec/network/prior.ts";
import { PlainLayers } from "./plain-layers.ts";
import { faces, facesPrior, randomIntegers, zippyError } from "./support.ts";

const model = await faces();
const weights = facesPrior(model.architecture);

type Shape = readonly [number, number];

/** What to feed the networks: any integers within the limits, the limits and zero, or the largest everywhere. */
type Kind = "any" | "extreme" | "largest";

function randomInput(
  architecture: Architecture,
  step: CodingStep,
  shape: Shape,
  seed: number,
  kind: Kind,
): Int16Array {
  const next = randomIntegers(seed);
  const limits = inputLimits(architecture, step);
  return Int16Array.from({ length: shape[0] * shape[1] * limits.length }, (_, at) => {
    const limit = limits[at % limits.length]!;
    if (kind === "largest") return limit;
    return kind === "extreme" ? ((next() % 3) - 1) * limit : (next() % (2 * limit + 1)) - limit;
  });
}

function agree(
  architecture: Architecture,
  layers: readonly PriorLayer[],
  shape: Shape,
  seed: number,
  kind: Kind,
) {
  const convolutions = priorInIntegers(architecture, layers);
  const kernel = new IntegerLayers(convolutions);
  const size = { rows: shape[0], columns: shape[1] };
  const fast = priorOn(kernel, architecture, size);
  const oracle = priorOn(new PlainLayers(convolutions), architecture, size);
  for (const step of codingSteps(architecture)) {
    const { slice, pass } = step;
    const input = randomInput(architecture, step, shape, seed + 8 * slice + pass, kind);
    // of the other parity nothing is asked
    const ofPass = (values: ArrayLike<number>) =>
      Array.from(values, (value, at) => {
        const position = Math.floor((at * shape[0] * shape[1]) / values.length);
        const parity = (Math.floor(position / shape[1]) + (position % shape[1])) % PASSES;
        return parity === pass ? value : 0;
      });
    const expected = ofPass(oracle(step, input));
    const found = ofPass(fast(step, input));
    assert.deepEqual(found, expected, `slice ${slice}, pass ${pass}, shape ${shape}`);
  }
  kernel.dispose();
}

const shapes: Shape[] = [
  [1, 1],
  [1, 2],
  [5, 1],
  [3, 3],
  [6, 6],
  [2, 9],
];

test("the kernel computes the model's prior as plain integers do", () => {
  shapes.forEach((shape, i) => {
    agree(model.architecture, weights, shape, 100 * i, "any");
    agree(model.architecture, weights, shape, 100 * i + 50, "extreme");
  });
});

/** A small prior with random weights: sums that are clipped and halves that are rounded are all frequent. */
function randomPrior(architecture: Architecture, seed: number): PriorLayer[] {
  const next = randomIntegers(seed);
  return priorShapes(architecture).map((shape) => {
    const [height, width, depth, out] = shape.kernel;
    return {
      ...shape,
      integers: Int8Array.from({ length: height * width * depth * out }, () => (next() % 255) - 127),
      bias: Int32Array.from({ length: out }, () => ((next() % 2001) - 1000) * (next() % 2 ? 1 : 512)),
      multiplier: Float32Array.from({ length: out }, () =>
        next() % 2 ? 2 ** -(next() % 16) : (next() % 1000) / 30_000,
      ),
    };
  });
}

test("the kernel computes any legal prior as plain integers do", () => {
  const architecture: Architecture = {
    ...model.architecture,
    latentChannels: 4,
    slices: 2,
    prior: { hidden: 12 },
  };
  fc.assert(
    fc.property(
      fc.nat(1e9),
      fc.constantFrom(...shapes),
      fc.constantFrom<Kind[]>("any", "extreme"),
      (seed, shape, kind) => {
        const layers = randomPrior(architecture, seed);
        agree(architecture, layers, shape, seed, kind);
      },
    ),
    { numRuns: 150 },
  );
});

test("a prior whose sums reach 2^31 is refused, and the layer named", () => {
  const broken = weights.map((layer) => ({ ...layer, bias: layer.bias.slice() }));
  broken.find(({ name }) => name === "prior.2.1.conv1")!.bias[5] = 2 ** 31 - 1;
  assert.throws(
    () => new IntegerLayers(priorInIntegers(model.architecture, broken)),
    zippyError("bad-model", /prior\.2\.1\.conv1: expected sums below 2\^31/),
  );
});

test("y_hat fits into 16 bits", () => {
  assert.ok(MAX_SYMBOL * LATENT_UNIT + MEAN_LIMIT < 2 ** 15);
});

test("input channels: earlier slices, positions, level, mask, this slice", () => {
  for (const step of codingSteps(model.architecture)) {
    const channels = 16 * (step.slice + step.pass) + 19;
    assert.equal(inputChannels(model.architecture, step), channels);
    assert.equal(inputLimits(model.architecture, step).length, channels);
  }
  assert.equal(PASSES, 2);
});
