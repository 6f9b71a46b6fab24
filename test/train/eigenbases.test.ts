import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Tensor1D, tensor1d, tidy } from "@tensorflow/tfjs-core";
import { Random } from "../../src/train/data/random.ts";
import type { Slot } from "../../src/train/network/parameters.ts";
import { Eigenbases } from "../../src/train/optimiser/eigenbases.ts";
import { noEigenbases } from "../../src/train/optimiser/state.ts";
import { withoutBinding } from "./support.ts";

const SLOTS: readonly Slot[] = [
  { name: "a.kernel", shape: [3, 3, 4, 6], size: 216 },
  { name: "a.bias", shape: [6], size: 6 },
  { name: "gain", shape: [3, 5], size: 15 },
  { name: "b.kernel", shape: [1, 1, 5, 3], size: 15 },
];
const SIZE = 252;
const BIAS = [216, 237] as const;

describe("eigenbases", { skip: withoutBinding }, () => {
  it("rotate kernels and back, and leave the rest as it is", () => {
    const random = new Random(1);
    const bases = new Eigenbases(SLOTS, noEigenbases(SLOTS));
    assert.ok(!bases.started);
    observe(bases, normals(random));
    assert.ok(bases.started);
    const vector = normals(random);
    const rotated = turned(vector, (tensor) => bases.rotate(tensor));
    const back = turned(rotated, (tensor) => bases.back(tensor));
    assert.ok(distance(back, vector) < 1e-4, `${distance(back, vector)}`);
    assert.ok(distance(rotated, vector) > 1);
    assert.ok(Math.abs(norm(rotated) - norm(vector)) < 1e-4);
    assert.deepEqual(rotated.slice(...BIAS), vector.slice(...BIAS));
    bases.dispose();
  });

  it("find the coordinates in which the elements of gradients are uncorrelated", () => {
    const random = new Random(2);
    const mixing = [4, 6].map((n) => Float32Array.from({ length: n * n }, () => random.normal()));
    // a kernel's gradient of independent elements of very different sizes, mixed across its input and output channels
    const gradient = () => {
      const vector = normals(random);
      for (let k = 0; k < 9; k++) {
        const pure = Array.from(
          { length: 24 },
          (_, i) => random.normal() * 2 ** -(Math.floor(i / 6) + (i % 6)),
        );
        for (let i = 0; i < 24; i++) {
          const [row, column] = [Math.floor(i / 6), i % 6];
          let mixed = 0;
          for (let j = 0; j < 24; j++) {
            mixed += mixing[0]![row * 4 + Math.floor(j / 6)]! * pure[j]! * mixing[1]![column * 6 + (j % 6)]!;
          }
          vector[k * 24 + i] = mixed;
        }
      }
      return vector;
    };
    const bases = new Eigenbases(SLOTS, noEigenbases(SLOTS));
    for (let step = 0; step < 60; step++) {
      observe(bases, gradient());
      if (step % 10 === 9) renewed(bases, normals(random));
    }
    const gradients = Array.from({ length: 200 }, gradient);
    const rotated = gradients.map((vector) => turned(vector, (tensor) => bases.rotate(tensor)));
    const [before, after] = [gradients, rotated].map(correlation) as [number, number];
    assert.ok(after < 0.2 && before > 0.3, `mean correlation ${before} → ${after}`);
    bases.dispose();
  });

  it("when renewed, take the mean of gradients along", () => {
    const random = new Random(3);
    const bases = new Eigenbases(SLOTS, noEigenbases(SLOTS));
    observe(bases, normals(random));
    const mean = normals(random);
    const rotated = turned(mean, (tensor) => bases.rotate(tensor));
    for (let i = 0; i < 5; i++) observe(bases, normals(random));
    const after = renewed(bases, rotated);
    assert.ok(distance(after.first, rotated) > 1);
    const back = turned(after.first, (tensor) => bases.back(tensor));
    assert.ok(distance(back, mean) < 1e-4, `${distance(back, mean)}`);
    // squares are only put into another order
    assert.deepEqual(after.second.toSorted(), rotated.map((value) => value ** 2).toSorted());
    bases.dispose();
  });

  it("go on from their state as they would have", () => {
    const random = new Random(4);
    const bases = new Eigenbases(SLOTS, noEigenbases(SLOTS));
    observe(bases, normals(random));
    const copy = new Eigenbases(SLOTS, bases.state());
    const [gradient, first] = [normals(random), normals(random)];
    const [a, b] = [bases, copy].map((each) => {
      observe(each, gradient);
      return { ...renewed(each, first), ...each.state() };
    });
    assert.deepEqual(a, b);
    bases.dispose();
    copy.dispose();
  });
});

function observe(bases: Eigenbases, gradient: Float32Array): void {
  tidy(() => bases.observe(tensor1d(gradient)));
}

/** With the squares of the mean as those of the gradient. */
function renewed(bases: Eigenbases, mean: Float32Array): { first: Float32Array; second: Float32Array } {
  let found = { first: mean, second: mean };
  tidy(() => {
    const { first, second } = bases.renew(tensor1d(mean), tensor1d(mean.map((value) => value ** 2)));
    found = { first: first.dataSync<"float32">().slice(), second: second.dataSync<"float32">().slice() };
  });
  return found;
}

function turned(vector: Float32Array, turn: (tensor: Tensor1D) => Tensor1D): Float32Array {
  return tidy(() => turn(tensor1d(vector)).dataSync<"float32">().slice());
}

function normals(random: Random): Float32Array {
  return Float32Array.from({ length: SIZE }, () => random.normal());
}

function norm(vector: Float32Array): number {
  return Math.hypot(...vector);
}

function distance(a: Float32Array, b: Float32Array): number {
  return norm(a.map((value, i) => value - b[i]!));
}

/** Mean magnitude of the correlation of two elements at one position of the first kernel. */
function correlation(vectors: readonly Float32Array[]): number {
  let [total, pairs] = [0, 0];
  const moment = (i: number, j: number) => {
    let sum = 0;
    for (const vector of vectors)
      for (let k = 0; k < 9; k++) sum += vector[k * 24 + i]! * vector[k * 24 + j]!;
    return sum;
  };
  for (let i = 0; i < 24; i++) {
    for (let j = 0; j < i; j++, pairs++) {
      total += Math.abs(moment(i, j)) / Math.sqrt(moment(i, i) * moment(j, j));
    }
  }
  return total / pairs;
}
