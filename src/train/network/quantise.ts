import type { PriorLayer } from "../../codec/integer/convolution.ts";
import type { Architecture } from "../../codec/network/architecture.ts";
import {
  ACTIVATION_LIMIT,
  LATENT_LIMIT,
  LATENT_UNIT,
  type PriorShape,
  priorShapes,
  sliceChannels,
} from "../../codec/network/prior.ts";

/** Scale index i stands for σ = softplus(SCALE_START + SCALE_STEP · i) + SCALE_FLOOR. */
export const SCALE_START = -3.2;
export const SCALE_STEP = 0.2;
export const SCALE_FLOOR = 0.05;

/** Integers that make one, between the layers of the prior. */
const ACTIVATION_UNIT = 512;
/** Kernels are integers within ±this. */
const KERNEL_LIMIT = 127;
/** Well below what a decoder takes of bias and sum, 2³⁰ and 2³¹: rounding adds to them. */
const LARGEST_BIAS = 2 ** 28;
const LARGEST_SUM = 2 ** 30;

/** A float layer: kernel height × width × in × out, and bias. */
export interface FloatLayer {
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** Integers that make one of what enters a layer, and the largest. */
export interface Inputs {
  readonly unit: number;
  readonly limit: number;
}

/**
 * What one of a kernel's integers is worth, for each output channel, its last axis: the largest weight in 7 bits and a
 * sign, or more where integers of bias and sums would not fit.
 */
export function scaleOf({ kernel, bias }: FloatLayer, { unit, limit }: Inputs): Float32Array {
  const { length: channels } = bias;
  const [largest, sums] = [new Float64Array(channels), new Float64Array(channels)];
  kernel.forEach((value, at) => {
    largest[at % channels] = Math.max(largest[at % channels]!, Math.abs(value));
    sums[at % channels]! += Math.abs(value);
  });
  return bias.map((value, o) =>
    Math.max(
      largest[o]! / KERNEL_LIMIT,
      (Math.abs(value) * unit) / LARGEST_BIAS,
      (sums[o]! * limit) / LARGEST_SUM,
    ),
  );
}

/** Kernel in 8 bits with one scale an output channel. */
export function toInt8(layer: FloatLayer, inputs: Inputs): { scale: Float32Array; data: Int8Array } {
  const scale = scaleOf(layer, inputs);
  const { length: channels } = scale;
  const { kernel } = layer;
  const data = Int8Array.from(kernel, (value, at) => roundHalfUp(value / (scale[at % channels]! || 1)));
  return { scale, data };
}

/** What a layer's integers mean. */
export interface LayerUnits {
  readonly inputs: Inputs;
  /** For each output channel: integer = unit · value + offset, before rounding. */
  readonly outputs: { readonly unit: readonly number[]; readonly offset: readonly number[] };
}

export function layerUnits(architecture: Architecture, layer: number): LayerUnits {
  const inputs =
    layer === 0
      ? { unit: LATENT_UNIT, limit: LATENT_LIMIT }
      : { unit: ACTIVATION_UNIT, limit: ACTIVATION_LIMIT };
  return { inputs, outputs: outputUnits(architecture, layer) };
}

function outputUnits(architecture: Architecture, layer: number): LayerUnits["outputs"] {
  const each = (count: number, value: number) => new Array<number>(count).fill(value);
  if (layer < 2) {
    const { hidden } = architecture.prior;
    return { unit: each(hidden, ACTIVATION_UNIT), offset: each(hidden, 0) };
  }
  const width = sliceChannels(architecture);
  return {
    unit: [...each(width, LATENT_UNIT), ...each(width, 1 / SCALE_STEP)],
    offset: [...each(width, 0), ...each(width, -SCALE_START / SCALE_STEP)],
  };
}

/** The integer layer nearest to a float one. */
export function quantiseLayer(
  shape: PriorShape,
  layer: FloatLayer,
  { inputs, outputs: { unit, offset } }: LayerUnits,
): QuantisedLayer {
  const shifted = layer.bias.map((value, o) => value + offset[o]! / unit[o]!);
  const { scale, data } = toInt8({ kernel: layer.kernel, bias: shifted }, inputs);
  const multiplier = scale.map((value, o) => (value * unit[o]!) / inputs.unit);
  const bias = Int32Array.from(shifted, (value, o) =>
    scale[o] === 0 ? 0 : roundHalfUp((value * inputs.unit) / scale[o]!),
  );
  return { ...shape, integers: data, bias, multiplier, scale };
}

/** A layer of the prior, and what an integer of its kernel is worth. */
export interface QuantisedLayer extends PriorLayer {
  readonly scale: Float32Array;
}

function roundHalfUp(value: number): number {
  return Math.floor(value + 0.5);
}

/**
 * The layers of the prior of a float model in integers, in coding order; `layer` gives the float weights of one by its
 * name.
 */
export function quantisePrior(
  architecture: Architecture,
  layer: (name: string) => FloatLayer,
): QuantisedLayer[] {
  return priorShapes(architecture).map((shape) =>
    quantiseLayer(shape, layer(shape.name), layerUnits(architecture, shape.layer)),
  );
}
