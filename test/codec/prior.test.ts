/** The engine of the prior agrees with plain numbers to the last bit, over inputs real and extreme. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_SYMBOL } from "../../src/codec/entropy/symbol-tables.ts";
import { type Architecture, PASSES } from "../../src/codec/network/architecture.ts";
import {
  inputChannels,
  inputLimits,
  LATENT_UNIT,
  MEAN_LIMIT,
  networkShapes,
  networks,
  type PriorLayer,
  type PriorNetwork,
  type PriorWeights,
} from "../../src/codec/network/prior.ts";
import { KernelPrior } from "../../src/codec/network/prior-kernel.ts";
import { priorWeights } from "../../src/model/load.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { PlainPrior } from "./plain-prior.ts";
import { faces, facesFolder, randomIntegers, zippyError } from "./support.ts";

const model = await faces();
const weights = priorWeights(
  model.architecture,
  readSafetensors(readFileSync(join(facesFolder, "prior.safetensors"))),
);

type Shape = readonly [number, number];

/** What to feed the networks: any integers within the limits, the limits and zero, or the largest everywhere. */
type Kind = "any" | "extreme" | "largest";

function randomInput(
  architecture: Architecture,
  slice: number,
  pass: number,
  shape: Shape,
  seed: number,
  kind: Kind,
): Int16Array {
  const next = randomIntegers(seed);
  const limits = inputLimits(architecture, slice, pass);
  return Int16Array.from({ length: shape[0] * shape[1] * limits.length }, (_, at) => {
    const limit = limits[at % limits.length]!;
    if (kind === "largest") return limit;
    return kind === "extreme" ? ((next() % 3) - 1) * limit : (next() % (2 * limit + 1)) - limit;
  });
}

function agree(architecture: Architecture, layers: PriorWeights, shape: Shape, seed: number, kind: Kind) {
  const fast = new KernelPrior(architecture, layers);
  const oracle = new PlainPrior(architecture, layers);
  for (const { slice, pass } of networks(architecture)) {
    const input = randomInput(architecture, slice, pass, shape, seed + 8 * slice + pass, kind);
    // of the other parity nothing is asked
    const ofPass = (values: ArrayLike<number>) =>
      Array.from(values, (value, at) => {
        const position = Math.floor((at * shape[0] * shape[1]) / values.length);
        const parity = (Math.floor(position / shape[1]) + (position % shape[1])) % PASSES;
        return parity === pass ? value : 0;
      });
    const expected = ofPass(oracle.run(slice, pass, input, ...shape));
    const found = ofPass(fast.run(slice, pass, input, ...shape));
    assert.deepEqual(found, expected, `slice ${slice}, pass ${pass}, shape ${shape}`);
  }
  fast.dispose();
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
function randomPrior(architecture: Architecture, seed: number): PriorWeights {
  const next = randomIntegers(seed);
  const all: PriorNetwork[][] = [];
  for (const { slice, pass } of networks(architecture)) {
    const layers = networkShapes(architecture, slice, pass).map((shape): PriorLayer => {
      const size = shape[0] * shape[1] * shape[2] * shape[3];
      return {
        shape,
        kernel: Int8Array.from({ length: size }, () => (next() % 255) - 127),
        bias: Int32Array.from({ length: shape[3] }, () => ((next() % 2001) - 1000) * (next() % 2 ? 1 : 512)),
        multiplier: Float32Array.from({ length: shape[3] }, () =>
          next() % 2 ? 2 ** -(next() % 16) : (next() % 1000) / 30_000,
        ),
      };
    });
    all[slice] ??= [];
    all[slice][pass] = layers as unknown as PriorNetwork;
  }
  return all;
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
  const broken = weights.map((passes) =>
    passes.map((network) => network.map((layer) => ({ ...layer, bias: layer.bias.slice() }))),
  ) as unknown as PriorWeights;
  broken[2]![1]![1].bias[5] = 2 ** 31 - 1;
  assert.throws(
    () => new KernelPrior(model.architecture, broken),
    zippyError("bad-model", /prior\.2\.1\.conv1: expected sums below 2\^31/),
  );
});

test("y_hat fits into 16 bits", () => {
  assert.ok(MAX_SYMBOL * LATENT_UNIT + MEAN_LIMIT < 2 ** 15);
});

test("input channels: earlier slices, positions, level, mask, this slice", () => {
  for (const { slice, pass } of networks(model.architecture)) {
    assert.equal(inputChannels(model.architecture, slice, pass), 16 * (slice + pass) + 19);
    assert.equal(inputLimits(model.architecture, slice, pass).length, 16 * (slice + pass) + 19);
  }
  assert.equal(PASSES, 2);
});
