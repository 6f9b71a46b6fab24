import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  add,
  conv2d,
  grads,
  leakyRelu,
  mul,
  pad,
  softplus,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tensor,
  tidy,
  valueAndGrads,
} from "@tensorflow/tfjs-core";
import { priorOn, walkLatents } from "../../src/codec/entropy/context-model.ts";
import { priorInIntegers } from "../../src/codec/integer/convolution.ts";
import { IntegerLayers } from "../../src/codec/integer/integer-layers.ts";
import { latentSize } from "../../src/codec/network/architecture.ts";
import { LATENT_UNIT } from "../../src/codec/network/prior.ts";
import { synthesisShapes } from "../../src/codec/network/transforms.ts";
import type { Batch } from "../../src/train/data/batch.ts";
import { Random } from "../../src/train/data/random.ts";
import { packSynthesis } from "../../src/train/export/export.ts";
import { byName, run } from "../../src/train/network/graph.ts";
import { convolution, registerNativeGradients } from "../../src/train/network/kernels.ts";
import { Leaves } from "../../src/train/network/leaves.ts";
import { gaussianBits, roundedBits } from "../../src/train/network/likelihood.ts";
import { initialise, layoutOf, unpackParameters } from "../../src/train/network/parameters.ts";
import { initialState } from "../../src/train/optimiser/state.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { TINY, withoutBinding } from "./support.ts";

const skip = withoutBinding;

describe("training graph", { skip }, () => {
  registerNativeGradients();

  it("computes the prior as its integers do on what is exported, to float32's rounding", () => {
    const parameters = spread(initialise(TINY, 7));
    const leaves = new Leaves(TINY);
    const prior = new IntegerLayers(priorInIntegers(TINY, leaves.renewScales(parameters)));
    for (const [width, height] of [
      [42, 42],
      [24, 40],
      [9, 70],
    ] as const) {
      const batch = madeBatch(width, height, [-0.2, 0.37, 1]);
      tidy(() => {
        const made = leaves.make(tensor(parameters) as Tensor1D);
        const outcome = run(TINY, byName(layoutOf(TINY).slots, made), batch);
        const [y, yHat, means, scales] = [outcome.y, outcome.yHat, outcome.means, outcome.scales].map((t) =>
          t.dataSync<"float32">(),
        ) as [Float32Array, Float32Array, Float32Array, Float32Array];
        const seen = new Set<number>();
        let [off, count] = [0, 0];
        batch.levels.forEach((level, image) => {
          const shape = latentSize(width, height);
          const from = image * (y.length / batch.levels.length);
          walkLatents(
            TINY,
            priorOn(prior, TINY, shape),
            shape,
            Math.round(level * LATENT_UNIT),
            (at, mean, scale) => {
              const [foundMean, foundScale] = [means[from + at]!, scales[from + at]!];
              if (foundMean !== mean || foundScale !== scale) off++;
              assert.ok(Math.abs(foundMean - mean) <= 1 && Math.abs(foundScale - scale) <= 1);
              seen.add(mean).add(10_000 + scale);
              const symbol = Math.round(y[from + at]! - foundMean / LATENT_UNIT);
              assert.ok(yHat[from + at]! * LATENT_UNIT === symbol * LATENT_UNIT + foundMean);
              count++;
              return symbol * LATENT_UNIT + foundMean;
            },
          );
        });
        assert.ok(off < count / 200, `${off} of ${count} differ by one`);
        assert.ok(seen.size > 50, `expected a prior that says different things, got ${seen.size}`);
      });
    }
    leaves.dispose();
  });

  it("sees the kernels of the transforms in the 8 bits of an export, and biases as they are", () => {
    const parameters = spread(initialise(TINY, 8));
    const exported = packSynthesis(TINY, unpackParameters(TINY, parameters));
    const leaves = new Leaves(TINY);
    leaves.renewScales(parameters);
    tidy(() => {
      const made = byName(layoutOf(TINY).slots, leaves.make(tensor(parameters) as Tensor1D));
      for (const { name } of synthesisShapes(TINY)) {
        const [kernel, scale, bias] = ["kernel", "scale", "bias"].map(
          (part) => exported.get(`${name}.${part}`)!.data,
        ) as [Int8Array, Float32Array, Float32Array];
        const seen = made.get(`${name}.kernel`)!.dataSync<"float32">();
        let off = 0;
        kernel.forEach((integer, at) => {
          const step = scale[at % scale.length]!;
          const steps = Math.abs(seen[at]! / step - integer);
          if (steps > 1e-3) off++;
          assert.ok(steps < 1.001, `${name}, ${at}: ${seen[at]} instead of ${integer} · ${step}`);
        });
        assert.ok(
          off <= kernel.length / 200,
          `${name}: ${off} of ${kernel.length} are rounded the other way`,
        );
        assert.deepEqual(made.get(`${name}.bias`)!.dataSync<"float32">(), bias);
      }
    });
    leaves.dispose();
  });

  it("has the gradients that TensorFlow.js has of its convolutions", () => {
    const random = new Random(3);
    for (const [size, depth, out, stride, slope] of [
      [1, 5, 6, 1, 1],
      [3, 4, 5, 1, 0.1],
      [3, 4, 32, 1, 1],
      [5, 3, 4, 2, 1],
      [3, 3, 30, 2, 0.5],
    ] as const) {
      tidy(() => {
        const inputs = [[2, 6, 8, depth], [size, size, depth, out], [out]].map((shape) =>
          tensor(normals(random, shape), [...shape]),
        );
        const around: [number, number] = [(size - 1) / 2, (size - 1) / 2];
        const ours = (x: Tensor, kernel: Tensor, bias: Tensor) =>
          convolution(x as Tensor4D, kernel as Tensor4D, bias as Tensor1D, { stride, slope });
        const theirs = (x: Tensor, kernel: Tensor, bias: Tensor) => {
          const padded = pad(x as Tensor4D, [[0, 0], around, around, [0, 0]]);
          return leakyRelu(add(conv2d(padded, kernel as Tensor4D, stride, "valid"), bias), slope);
        };
        const weights = normals(random, [2, 6 / stride, 8 / stride, out]);
        const [a, b] = [ours, theirs].map((graph) =>
          grads((...all) => {
            const y = graph(all[0]!, all[1]!, all[2]!);
            return sum(mul(y, tensor(weights, y.shape)));
          })(inputs).map((gradient) => gradient.dataSync<"float32">()),
        ) as [Float32Array[], Float32Array[]];
        a.forEach((gradient, input) => {
          gradient.forEach((value, at) => {
            assert.ok(Math.abs(value - b[input]![at]!) < 1e-4, `input ${input}: ${value}, ${b[input]![at]}`);
          });
        });
      });
    }
  });

  it("has the gradient of the rate right", () => {
    const random = new Random(4);
    assertGradient(
      [
        [1, 3, 3, 4],
        [1, 3, 3, 4],
      ],
      random,
      ([residual, raw]) => gaussianBits(mul(residual!, 2) as Tensor4D, add(softplus(raw!), 0.3) as Tensor4D),
    );
  });

  it("counts bits of what is quantised, and knows which way they fall", () => {
    const z = tensor([0.1, 0.45, -0.9, 2.4], [1, 1, 1, 4]) as Tensor4D;
    const symbols = tensor([0, 0, -1, 2], [1, 1, 1, 4]) as Tensor4D;
    const sigma = tensor([0.2, 0.2, 0.5, 0.9], [1, 1, 1, 4]) as Tensor4D;
    const { value, grads } = valueAndGrads((a: Tensor, b: Tensor) =>
      sum(roundedBits(a as Tensor4D, b as Tensor4D)),
    )([z, sigma]);
    const soft = valueAndGrads((a: Tensor) => sum(gaussianBits(a as Tensor4D, sigma)))([z]);
    const hard = valueAndGrads((b: Tensor) => sum(gaussianBits(symbols, b as Tensor4D)))([sigma]);
    assert.equal(value.dataSync()[0], hard.value.dataSync()[0]);
    assert.deepEqual(grads[0]!.dataSync(), soft.grads[0]!.dataSync());
    assert.deepEqual(grads[1]!.dataSync(), hard.grads[0]!.dataSync());
  });

  it("gives bits that match the Gaussian's bins", () => {
    tidy(() => {
      const bits = gaussianBits(tensor([0, 1, 3], [1, 1, 1, 3]), tensor([1, 1, 0.5], [1, 1, 1, 3]));
      const expected = [1.3848, 2.0483, 22.2]; // −log₂ of 0.38292, 0.24173, 2.87e-7
      bits.dataSync<"float32">().forEach((value, i) => {
        assert.ok(Math.abs(value - expected[i]!) < 0.6 * 10 ** -(i < 2 ? 3 : 0), `${value}, ${expected[i]}`);
      });
    });
  });

  it("learns: the loss of a batch falls, in transforms and prior alike", () => {
    const trainer = new Trainer(TINY, initialState(layoutOf(TINY).slots, initialise(TINY, 1)));
    const batch = madeBatch(16, 24, [0, 0.3, 0.6, 0.9]);
    const noise = new Float32Array(trainer.latents(batch));
    const losses = Array.from({ length: 25 }, () => trainer.step(batch, noise, 4e-3).loss);
    const { parameters, step } = trainer.state();
    trainer.dispose();
    assert.equal(step, 25);
    assert.ok(losses.at(-1)! < 0.6 * losses[0]!, `${losses[0]} → ${losses.at(-1)}`);
    const before = initialise(TINY, 1);
    let at = 0;
    for (const { name, size } of layoutOf(TINY).slots) {
      const moved = parameters.subarray(at, at + size).some((value, i) => value !== before[at + i]);
      assert.ok(moved, `${name} did not move`);
      at += size;
    }
  });

  it("takes no step on a gradient that is not finite", () => {
    const trainer = new Trainer(TINY, initialState(layoutOf(TINY).slots, initialise(TINY, 1)));
    const batch = madeBatch(16, 16, [0]);
    const noise = new Float32Array(trainer.latents(batch)).fill(Number.NaN);
    const before = trainer.state().parameters;
    assert.ok(!Number.isFinite(trainer.step(batch, noise, 1e-3).norm));
    assert.deepEqual(trainer.state().parameters, before);
    trainer.dispose();
  });
});

/**
 * Wider weights than training starts with, and gains about 1: every clip, slope and rounding is met, and float32 has
 * the sums.
 */
function spread(parameters: Float32Array): Float32Array {
  const random = new Random(11);
  const wide = parameters.slice();
  for (const [name, { data }] of unpackParameters(TINY, wide)) {
    data.forEach((value, at) => {
      data[at] = (name.endsWith("gain") ? 0 : value * 1.5) + 0.2 * random.normal();
    });
  }
  return wide;
}

function madeBatch(width: number, height: number, levels: number[]): Batch {
  const random = new Random(5);
  const { rows, columns } = latentSize(width, height);
  const blocks = Float32Array.from({ length: levels.length * rows * columns * 192 }, (_, i) =>
    Math.max(-0.5, Math.min(0.5, 0.4 * Math.sin(i / 500) + 0.1 * random.normal())),
  );
  return { width, height, blocks, levels: Float32Array.from(levels) };
}

function normals(random: Random, shape: readonly number[]): Float32Array {
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal());
}

/** Compares the gradient of a weighted sum of outputs with a difference along a random direction. */
function assertGradient(
  shapes: readonly (readonly number[])[],
  random: Random,
  graph: (inputs: Tensor[]) => Tensor,
): void {
  const vector = (shape: readonly number[]) => normals(random, shape);
  const values = shapes.map(vector);
  shapes.forEach((_, index) => {
    const direction = vector(shapes[index]!);
    tidy(() => {
      const at = (step: number) =>
        values.map((value, i) =>
          tensor(i === index ? value.map((v, j) => v + step * direction[j]!) : value, [...shapes[i]!]),
        );
      const weights = tensor(vector(graph(at(0)).shape), graph(at(0)).shape);
      const total = (...inputs: Tensor[]) => sum(mul(graph(inputs), weights));
      const value = (step: number) => total(...at(step)).dataSync<"float32">()[0]!;
      const numeric = (value(0.005) - value(-0.005)) / 0.01;
      const gradient = grads(total)(at(0))[index]!.dataSync<"float32">();
      const analytic = gradient.reduce((a, g, j) => a + g * direction[j]!, 0);
      const scale = Math.sqrt(gradient.reduce((a, g) => a + g * g, 0));
      assert.ok(
        Math.abs(numeric - analytic) < 0.02 * scale + 0.01,
        `input ${index}: expected ${numeric}, got ${analytic}`,
      );
    });
  });
}
