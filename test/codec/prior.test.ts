/** The two engines of the prior agree to the last bit, over inputs real and extreme; and so does the proof of why. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { type Architecture, PASSES } from "../../src/codec/architecture.ts";
import {
  inputChannels,
  inputLimits,
  layerBound,
  MAX_SHIFT,
  networkShapes,
  networks,
  type PriorLayer,
  type PriorNetwork,
  type PriorWeights,
  proveExact,
} from "../../src/codec/prior.ts";
import { IntegerPrior, roundedShift } from "../../src/codec/prior-integers.ts";
import { KernelPrior } from "../../src/codec/prior-kernel.ts";
import { priorWeights } from "../../src/model/load.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
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
  const oracle = new IntegerPrior(layers);
  for (const { slice, pass } of networks(architecture)) {
    const input = randomInput(architecture, slice, pass, shape, seed + 8 * slice + pass, kind);
    // 16 bits hold what means and scales need; of the other parity nothing is asked
    const ofPass = (values: ArrayLike<number>) =>
      Array.from(values, (value, at) => {
        const position = Math.floor((at * shape[0] * shape[1]) / values.length);
        const parity = (Math.floor(position / shape[1]) + (position % shape[1])) % PASSES;
        return parity === pass ? Math.max(-32767, Math.min(32767, value)) : 0;
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

/** A small prior with random weights that fill the room the proof leaves: sums close to 2^24, every shift. */
function randomPrior(architecture: Architecture, seed: number): PriorWeights {
  const next = randomIntegers(seed);
  const all: PriorNetwork[][] = [];
  for (const { slice, pass } of networks(architecture)) {
    const layers = networkShapes(architecture, slice, pass).map((shape): PriorLayer => {
      const size = shape[0] * shape[1] * shape[2] * shape[3];
      return {
        shape,
        kernel: Int8Array.from({ length: size }, () => next() % 256),
        // odd multiples of a half unit are frequent: they are where ties to even shows
        bias: Int32Array.from({ length: shape[3] }, () => ((next() % 2001) - 1000) * (next() % 2 ? 1 : 512)),
        shift: Uint8Array.from({ length: shape[3] }, () => next() % (MAX_SHIFT + 1)),
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
        assert.ok(proveExact(architecture, layers) < 1);
        agree(architecture, layers, shape, seed, kind);
      },
    ),
    { numRuns: 150 },
  );
});

test("sums just below 2^24 are exact, whatever their order", () => {
  // 255 · 127 · 9 taps · 16 channels = 4.7 million an input slice; the bias fills the rest
  const architecture: Architecture = {
    ...model.architecture,
    latentChannels: 32,
    slices: 2,
    prior: { hidden: 2 },
  };
  const layers = randomPrior(architecture, 7).map((passes, slice) =>
    passes.map((network, pass) =>
      network.map((layer, index): PriorLayer => {
        const limits = index
          ? new Array<number>(layer.shape[2]).fill(511)
          : inputLimits(architecture, slice, pass);
        const kernel = new Int8Array(layer.kernel.length).fill(127);
        const bare = layerBound({ ...layer, kernel, bias: new Int32Array(layer.shape[3]) }, limits);
        const bias = layer.bias.map((_, o) => (o % 2 ? -1 : 1) * (2 ** 24 - 1 - bare));
        return { ...layer, kernel, bias };
      }),
    ),
  ) as unknown as PriorWeights;
  assert.equal(proveExact(architecture, layers), (2 ** 24 - 1) / 2 ** 24);
  for (const shape of shapes) {
    agree(architecture, layers, shape, 3, "extreme");
    agree(architecture, layers, shape, 3, "largest");
  }
});

test("the proof refuses a prior whose sums reach 2^24, and names the layer", () => {
  const broken = weights.map((passes) =>
    passes.map((network) => network.map((layer) => ({ ...layer, bias: layer.bias.slice() }))),
  ) as unknown as PriorWeights;
  const layer = broken[2]![1]![1];
  layer.bias[5] = 2 ** 24;
  assert.throws(
    () => proveExact(model.architecture, broken),
    zippyError("bad-model", /prior\.2\.1\.conv1 is not exact in float32/),
  );
});

test("the model's margin is what its manifest says", () => {
  const { exactness } = JSON.parse(readFileSync(join(facesFolder, "manifest.json"), "utf8"));
  const bound = proveExact(model.architecture, weights);
  assert.ok(bound < 1 && bound <= exactness && exactness - bound < 1e-3, `${bound} and ${exactness}`);
});

test("roundedShift is division by a power of two, to nearest, ties to even", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 24), max: 2 ** 24 }), fc.nat(17), (acc, by) => {
      const exact = acc / 2 ** by;
      const down = Math.floor(exact);
      const rest = exact - down;
      const expected = rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
      assert.equal(roundedShift(acc, by), expected);
    }),
    { numRuns: 5000 },
  );
  assert.deepEqual(
    [-3, -2, -1, 0, 1, 2, 3, 5, 6, 7].map((acc) => roundedShift(acc, 1)),
    [-2, -1, 0, 0, 0, 1, 2, 2, 3, 4],
  );
});

test("input channels: earlier slices, positions, level, mask, this slice", () => {
  for (const { slice, pass } of networks(model.architecture)) {
    assert.equal(inputChannels(model.architecture, slice, pass), 16 * (slice + pass) + 19);
    assert.equal(inputLimits(model.architecture, slice, pass).length, 16 * (slice + pass) + 19);
  }
  assert.equal(PASSES, 2);
});
