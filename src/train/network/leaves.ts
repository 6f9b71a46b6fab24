import {
  add,
  concat,
  div,
  floor,
  mul,
  reshape,
  type Tensor,
  type Tensor1D,
  tensor1d,
  tidy,
  where,
} from "@tensorflow/tfjs-core";
import type { Architecture } from "../../codec/network/architecture.ts";
import { priorShapes } from "../../codec/network/prior.ts";
import { FEATURE_LIMIT, FEATURE_UNIT } from "../../codec/network/transforms.ts";
import { splitVector } from "./kernels.ts";
import { type Layout, layoutOf, unpackParameters } from "./parameters.ts";
import { layerUnits, type QuantisedLayer, quantisePrior, scaleOf } from "./quantise.ts";

/**
 * The tensors that the graph is made of, from the vector of parameters: kernels of the transforms in the 8 bits of an
 * export, the prior in its integer arithmetic, all else as it is.
 *
 * A kernel w of the transforms becomes ⌊w/scale + ½⌋·scale, one of the prior ⌊w/scale + ½⌋·multiplier, what
 * `quantise.ts` exports; gradients go straight through. Scales are renewed now and then: weights hardly move from one
 * step to the next.
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
  /** Which of the transforms' parameters are of kernels, and what an integer of theirs is worth. */
  readonly #isKernel: Tensor1D;
  #transformScale: Tensor1D | undefined;
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
    const ofTransforms = this.#layout.parts[0].slots.flatMap(({ shape, size }) =>
      new Array<number>(size).fill(isKernel(shape) ? 1 : 0),
    );
    this.#isKernel = tensor1d(ofTransforms, "bool");
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
    this.#renewTransforms(find);
    this.#factor?.dispose();
    this.#worth?.dispose();
    this.#factor = tensor1d(factor);
    this.#worth = tensor1d(worth);
    this.#biasScales = Float64Array.from(scales);
    return prior;
  }

  #renewTransforms(find: (name: string) => Float32Array): void {
    const { slots, size } = this.#layout.parts[0];
    const scales = new Float32Array(size).fill(1);
    let at = 0;
    for (const { name, shape, size: count } of slots) {
      if (isKernel(shape)) {
        const layer = { kernel: find(name), bias: find(name.replace(/kernel$/, "bias")) };
        const scale = scaleOf(layer, { unit: FEATURE_UNIT, limit: FEATURE_LIMIT });
        for (let i = 0; i < count; i++) scales[at + i] = scale[i % scale.length]! || 1;
      }
      at += count;
    }
    this.#transformScale?.dispose();
    this.#transformScale = tensor1d(scales);
  }

  /** One tensor a slot, in the layout's order; the caller disposes them. */
  make(vector: Tensor1D): Tensor[] {
    return tidy(() => {
      const [transforms, kernels, biases] = this.#layout.parts;
      const sizes = [transforms.size, kernels.size, biases.size];
      const [ofTransforms, ofKernels, ofBiases] = splitVector(vector, sizes) as [Tensor, Tensor, Tensor];
      const whole = floor(add(mul(ofKernels, this.#factor!), 0.5));
      const integers = mul(whole, this.#worth!);
      const scale = this.#transformScale!;
      const rounded = mul(floor(add(div(ofTransforms, scale), 0.5)), scale);
      const parts = [
        ...splitVector(
          where(this.#isKernel, rounded, ofTransforms),
          transforms.slots.map(({ size }) => size),
        ),
        ...splitVector(
          integers,
          kernels.slots.map(({ size }) => size),
        ),
        ...this.#quantisedBiases(ofBiases),
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
    const fixed = [this.#kernelSlope, this.#biasSlope, this.#isKernel];
    for (const tensor of [...fixed, this.#factor, this.#worth, this.#transformScale]) tensor?.dispose();
  }
}

/** Whether a tensor of this shape is the kernel of a convolution, and no bias or gain. */
function isKernel(shape: readonly number[]): boolean {
  return shape.length === 4;
}

interface BiasUnits {
  readonly unit: number;
  readonly offset: number;
}
