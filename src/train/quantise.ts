import type { Architecture } from "../codec/architecture.ts";
import { POSITION_FEATURES } from "../codec/positions.ts";
import {
  ACTIVATION_LIMIT,
  EXACT_LIMIT,
  inputLimits,
  LATENT_UNIT,
  LEVEL_UNIT,
  MAX_SHIFT,
  networkName,
  networkShapes,
  networks,
  POSITION_UNIT,
  type PriorLayer,
  type PriorNetwork,
  type PriorWeights,
  sliceChannels,
} from "../codec/prior.ts";
import { SCALE_START, SCALE_STEP } from "./scales.ts";

/** Integers that make one, between the layers of the prior. */
export const ACTIVATION_UNIT = 16;
/** Kernels of the prior are integers within ±this. */
export const KERNEL_LIMIT = 127;

/** A float layer: kernel height × width × in × out, and bias. */
export interface FloatLayer {
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** Integers that make one, for each input channel of a layer of the prior. */
export function inputUnits(architecture: Architecture, slice: number, pass: number, layer: number): number[] {
  if (layer > 0) return new Array<number>(architecture.prior.hidden).fill(ACTIVATION_UNIT);
  const latents = (count: number) => new Array<number>(count * sliceChannels(architecture)).fill(LATENT_UNIT);
  const positions = new Array<number>(POSITION_FEATURES).fill(POSITION_UNIT);
  return [...latents(slice), ...positions, LEVEL_UNIT, POSITION_UNIT, ...latents(pass)];
}

/** For each output channel of a layer: integer = unit · value + offset, before rounding. */
export function outputUnits(architecture: Architecture, layer: number): { unit: number[]; offset: number[] } {
  if (layer < 2) {
    const { hidden } = architecture.prior;
    return {
      unit: new Array<number>(hidden).fill(ACTIVATION_UNIT),
      offset: new Array<number>(hidden).fill(0),
    };
  }
  const width = sliceChannels(architecture);
  const fill = (mean: number, scale: number) => [
    ...new Array<number>(width).fill(mean),
    ...new Array<number>(width).fill(scale),
  ];
  return { unit: fill(LATENT_UNIT, 1 / SCALE_STEP), offset: fill(0, -SCALE_START / SCALE_STEP) };
}

/** Largest magnitude of each input channel of a layer of the prior. */
export function layerLimits(
  architecture: Architecture,
  slice: number,
  pass: number,
  layer: number,
): number[] {
  if (layer > 0) return new Array<number>(architecture.prior.hidden).fill(ACTIVATION_LIMIT);
  return inputLimits(architecture, slice, pass);
}

/** What a layer's integers mean: units and limits of its inputs, units and offsets of its outputs. */
export interface LayerUnits {
  readonly inputs: readonly number[];
  readonly limits: readonly number[];
  readonly outputs: { readonly unit: readonly number[]; readonly offset: readonly number[] };
}

export function layerUnits(
  architecture: Architecture,
  slice: number,
  pass: number,
  layer: number,
): LayerUnits {
  return {
    inputs: inputUnits(architecture, slice, pass, layer),
    limits: layerLimits(architecture, slice, pass, layer),
    outputs: outputUnits(architecture, layer),
  };
}

/**
 * The integer layer nearest to a float one: kernel and bias in integer units of input and output, times 2^shift of the
 * channel (see `shiftsFor`), rounded.
 */
export function quantiseLayer(shape: PriorLayer["shape"], layer: FloatLayer, units: LayerUnits): PriorLayer {
  const { kernel, bias } = inIntegerUnits(shape, layer, units);
  const shift = shiftsFor(shape, { kernel, bias }, units.limits);
  const out = shape[3];
  return {
    shape,
    kernel: Int8Array.from(kernel, (value, at) => roundHalfUp(value * 2 ** shift[at % out]!)),
    bias: Int32Array.from(bias, (value, o) => roundHalfUp(value * 2 ** shift[o]!)),
    shift,
  };
}

/** A float layer that takes and gives integer units, not yet rounded. */
function inIntegerUnits(
  [, , depth, out]: PriorLayer["shape"],
  { kernel, bias }: FloatLayer,
  { inputs, outputs }: LayerUnits,
): FloatLayer {
  return {
    kernel: Float32Array.from(
      kernel,
      (value, at) => (value * outputs.unit[at % out]!) / inputs[Math.floor(at / out) % depth]!,
    ),
    bias: Float32Array.from(bias, (value, o) => value * outputs.unit[o]! + outputs.offset[o]!),
  };
}

/**
 * For each output channel of a layer in integer units, the largest shift of 0–14 that keeps its kernel within ±127 and
 * every sum below 2²⁴, by the bound that `proveExact` checks.
 */
export function shiftsFor(
  [height, width, depth, out]: PriorLayer["shape"],
  { kernel, bias }: FloatLayer,
  limits: readonly number[],
): Uint8Array {
  const largest = new Float64Array(out);
  const sums = Float64Array.from(bias, Math.abs);
  // what rounding can add to a sum: half a unit a weight, and the bias's own
  const slack = (limits.reduce((a, b) => a + b, 0) * height * width + 1) / 2;
  kernel.forEach((value, at) => {
    const o = at % out;
    largest[o] = Math.max(largest[o]!, Math.abs(value));
    sums[o]! += Math.abs(value) * limits[Math.floor(at / out) % depth]!;
  });
  return Uint8Array.from(largest, (magnitude, o) => {
    let shift = MAX_SHIFT;
    while (
      shift > 0 &&
      (magnitude * 2 ** shift > KERNEL_LIMIT || sums[o]! * 2 ** shift + slack >= EXACT_LIMIT)
    )
      shift--;
    return shift;
  });
}

function roundHalfUp(value: number): number {
  return Math.floor(value + 0.5);
}

/** The prior of a float model in integers; `layer` gives the float weights of `prior.{slice}.{pass}.conv{i}`. */
export function quantisePrior(architecture: Architecture, layer: (name: string) => FloatLayer): PriorWeights {
  const weights: PriorNetwork[][] = [];
  for (const { slice, pass } of networks(architecture)) {
    const layers = networkShapes(architecture, slice, pass).map((shape, index) =>
      quantiseLayer(
        shape,
        layer(`${networkName(slice, pass)}.conv${index}`),
        layerUnits(architecture, slice, pass, index),
      ),
    );
    weights[slice] ??= [];
    weights[slice][pass] = layers as unknown as PriorNetwork;
  }
  return weights;
}
