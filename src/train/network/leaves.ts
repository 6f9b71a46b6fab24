import {
  add,
  concat,
  floor,
  mul,
  reshape,
  type Tensor,
  type Tensor1D,
  tensor1d,
  tidy,
} from "@tensorflow/tfjs-core";
import type { Architecture } from "../../codec/network/architecture.ts";
import { priorShapes } from "../../codec/network/prior.ts";
import { splitVector } from "./kernels.ts";
import { type Layout, layoutOf, unpackParameters } from "./parameters.ts";
import { layerUnits, type QuantisedLayer, quantisePrior } from "./quantise.ts";

/**
 * The tensors that the graph is made of, from the vector of parameters: those of the transforms as they are, those of
 * the prior in its integer arithmetic.
 *
 * A kernel w of the prior becomes k = ⌊w/scale + ½⌋·multiplier, what `quantise.ts` exports; its gradient goes straight
 * through. Scales are renewed now and then: weights hardly move from one step to the next.
 */
export class Leaves {
  readonly #layout: Layout;
  readonly #architecture: Architecture;
  readonly #biases: readonly BiasUnits[];
  /** d k/d w of the prior's kernels and biases. */
  readonly #kernelSlope: Tensor1D;
  readonly #biasSlope: Tensor1D;
  #factor: Tensor1D | undefined;
  #worth: Tensor1D | undefined;
  /** What the integer of every bias is worth. */
  #biasScales = new Float64Array(0);

  constructor(architecture: Architecture) {
    this.#architecture = architecture;
    this.#layout = layoutOf(architecture);
    const kernelSlope = new Float32Array(this.#layout.parts[1].size);
    const biasSlope = new Float32Array(this.#layout.parts[2].size);
    const biases: BiasUnits[] = [];
    let [at, biasAt] = [0, 0];
    for (const { kernel, layer } of priorShapes(architecture)) {
      const units = layerUnits(architecture, layer);
      const [height, width, depth, out] = kernel;
      for (let i = 0; i < height * width * depth * out; i++) {
        kernelSlope[at++] = units.outputs.unit[i % out]! / units.inputs.unit;
      }
      for (let o = 0; o < out; o++) {
        biases.push({ unit: units.outputs.unit[o]!, offset: units.outputs.offset[o]! });
        biasSlope[biasAt++] = units.outputs.unit[o]!;
      }
    }
    this.#biases = biases;
    this.#kernelSlope = tensor1d(kernelSlope);
    this.#biasSlope = tensor1d(biasSlope);
  }

  /** Renews the scales, and gives the prior in integers. */
  renewScales(vector: Float32Array): readonly QuantisedLayer[] {
    const tensors = unpackParameters(this.#architecture, vector);
    const find = (name: string) => tensors.get(name)!.data;
    const prior = quantisePrior(this.#architecture, (name) => ({
      kernel: find(`${name}.kernel`),
      bias: find(`${name}.bias`),
    }));
    const { size } = this.#layout.parts[1];
    const [factor, worth] = [new Float32Array(size), new Float32Array(size)];
    const scales: number[] = [];
    let at = 0;
    for (const { integers, scale, multiplier } of prior) {
      for (let i = 0; i < integers.length; i++, at++) {
        factor[at] = 1 / (scale[i % scale.length]! || 1);
        worth[at] = multiplier[i % scale.length]!;
      }
      scales.push(...multiplier);
    }
    this.#factor?.dispose();
    this.#worth?.dispose();
    this.#factor = tensor1d(factor);
    this.#worth = tensor1d(worth);
    this.#biasScales = Float64Array.from(scales);
    return prior;
  }

  /** One tensor a slot, in the layout's order; the caller disposes them. */
  make(vector: Tensor1D): Tensor[] {
    return tidy(() => {
      const [transforms, kernels, biases] = this.#layout.parts;
      const pieces = splitVector(vector, [
        ...transforms.slots.map(({ size }) => size),
        kernels.size,
        biases.size,
      ]);
      const whole = floor(add(mul(pieces.at(-2)!, this.#factor!), 0.5));
      const integers = mul(whole, this.#worth!);
      const parts = [
        ...pieces.slice(0, -2),
        ...splitVector(
          integers,
          kernels.slots.map(({ size }) => size),
        ),
        ...this.#quantisedBiases(pieces.at(-1)!),
      ];
      return this.#layout.slots.map(({ shape }, i) => reshape(parts[i]!, [...shape]));
    });
  }

  /** In JavaScript's doubles, as `quantise.ts` does. */
  #quantisedBiases(biases: Tensor): Tensor[] {
    const values = biases.dataSync<"float32">();
    const whole = values.map((value, i) => {
      const { unit, offset } = this.#biases[i]!;
      const scale = this.#biasScales[i]!;
      return scale === 0 ? 0 : Math.floor((value * unit + offset) / scale + 0.5) * scale;
    });
    return splitVector(
      tensor1d(whole),
      this.#layout.parts[2].slots.map(({ size }) => size),
    );
  }

  /** The gradient of the vector from those of the leaves. */
  gradient(leaves: readonly Tensor[]): Tensor1D {
    return tidy(() => {
      const vectors = leaves.map((leaf) => reshape(leaf, [-1]));
      const [transforms, kernels] = this.#layout.parts.map(({ slots }) => slots.length) as [number, number];
      return concat([
        ...vectors.slice(0, transforms),
        mul(concat(vectors.slice(transforms, transforms + kernels)), this.#kernelSlope),
        mul(concat(vectors.slice(transforms + kernels)), this.#biasSlope),
      ]) as Tensor1D;
    });
  }

  dispose(): void {
    for (const tensor of [this.#kernelSlope, this.#biasSlope, this.#factor, this.#worth]) tensor?.dispose();
  }
}

interface BiasUnits {
  readonly unit: number;
  readonly offset: number;
}
