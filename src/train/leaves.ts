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
import type { Architecture } from "../codec/architecture.ts";
import { networkName, networkShapes, networks, type PriorWeights } from "../codec/prior.ts";
import { splitVector } from "./kernels.ts";
import { type Layout, layoutOf, unpackParameters } from "./parameters.ts";
import { layerUnits, quantisePrior } from "./quantise.ts";

/**
 * The tensors that the graph is made of, from the vector of parameters: those of the transforms as they are, those of
 * the prior in its integer arithmetic.
 *
 * A kernel w of the prior becomes k = ⌊w·A + ½⌋·2^-shift with A = 2^shift · (unit of the output)/(unit of the input), in
 * float32 exactly what `quantise.ts` exports; its gradient goes straight through. Shifts are renewed now and then:
 * weights hardly move from one step to the next.
 */
export class Leaves {
  readonly #layout: Layout;
  readonly #architecture: Architecture;
  readonly #biases: readonly BiasUnits[];
  /** d k/d w of the prior's kernels and biases. */
  readonly #kernelSlope: Tensor1D;
  readonly #biasSlope: Tensor1D;
  #factor: Tensor1D | undefined;
  #divisor: Tensor1D | undefined;
  /** 2^shift of every bias. */
  #biasPowers = new Float64Array(0);

  constructor(architecture: Architecture) {
    this.#architecture = architecture;
    this.#layout = layoutOf(architecture);
    const kernelSlope = new Float32Array(this.#layout.parts[1].size);
    const biasSlope = new Float32Array(this.#layout.parts[2].size);
    const biases: BiasUnits[] = [];
    let [at, biasAt] = [0, 0];
    for (const { shape, units } of layersOf(architecture)) {
      const [height, width, depth, out] = shape;
      for (let i = 0; i < height * width * depth * out; i++) {
        kernelSlope[at++] = units.outputs.unit[i % out]! / units.inputs[Math.floor(i / out) % depth]!;
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

  /** Renews the shifts, and gives the prior in integers. */
  renewShifts(vector: Float32Array): PriorWeights {
    const tensors = unpackParameters(this.#architecture, vector);
    const find = (name: string) => tensors.get(name)!.data;
    const prior = quantisePrior(this.#architecture, (name) => ({
      kernel: find(`${name}.kernel`),
      bias: find(`${name}.bias`),
    }));
    const slope = this.#kernelSlope.dataSync<"float32">();
    const factor = new Float32Array(slope.length);
    const divisor = new Float32Array(slope.length);
    const powers: number[] = [];
    let at = 0;
    for (const { slice, pass } of networks(this.#architecture)) {
      for (const { kernel, shift } of prior[slice]![pass]!) {
        const power = Float64Array.from(shift, (by) => 2 ** by);
        for (let i = 0; i < kernel.length; i++, at++) {
          factor[at] = slope[at]! * power[i % power.length]!;
          divisor[at] = 1 / power[i % power.length]!;
        }
        powers.push(...power);
      }
    }
    this.#factor?.dispose();
    this.#divisor?.dispose();
    this.#factor = tensor1d(factor);
    this.#divisor = tensor1d(divisor);
    this.#biasPowers = Float64Array.from(powers);
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
      const integers = mul(whole, this.#divisor!);
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

  /** In JavaScript's doubles, as `quantise.ts` does: float32 would not always round the same way. */
  #quantisedBiases(biases: Tensor): Tensor[] {
    const values = biases.dataSync<"float32">();
    const whole = values.map((value, i) => {
      const { unit, offset } = this.#biases[i]!;
      const power = this.#biasPowers[i]!;
      return Math.floor(Math.fround(value * unit + offset) * power + 0.5) / power;
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
    for (const tensor of [this.#kernelSlope, this.#biasSlope, this.#factor, this.#divisor]) tensor?.dispose();
  }
}

interface BiasUnits {
  readonly unit: number;
  readonly offset: number;
}

function* layersOf(architecture: Architecture) {
  for (const { slice, pass } of networks(architecture)) {
    for (const [index, shape] of networkShapes(architecture, slice, pass).entries()) {
      yield {
        name: `${networkName(slice, pass)}.conv${index}`,
        shape,
        units: layerUnits(architecture, slice, pass, index),
      };
    }
  }
}
