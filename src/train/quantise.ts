import type { Architecture } from "../codec/architecture.ts";
import {
  LATENT_UNIT,
  LEVEL_UNIT,
  networkName,
  networkShapes,
  networks,
  POSITION_UNIT,
  type PriorLayer,
  type PriorNetwork,
  type PriorWeights,
  sliceChannels,
} from "../codec/prior.ts";
import { POSITION_FEATURES } from "../codec/positions.ts";

/** Integers that make one, between the layers of the prior. */
export const ACTIVATION_UNIT = 16;
/** Scale index i stands for σ = softplus(SCALE_START + SCALE_STEP · i) + SCALE_FLOOR. */
export const SCALE_START = -3.2;
export const SCALE_STEP = 0.2;
export const SCALE_FLOOR = 0.05;
/** Kernels of the prior are integers within ±this. */
export const KERNEL_LIMIT = 127;
const MAX_SHIFT = 24;

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
    return { unit: new Array<number>(hidden).fill(ACTIVATION_UNIT), offset: new Array<number>(hidden).fill(0) };
  }
  const width = sliceChannels(architecture);
  const fill = (mean: number, scale: number) => [
    ...new Array<number>(width).fill(mean),
    ...new Array<number>(width).fill(scale),
  ];
  return { unit: fill(LATENT_UNIT, 1 / SCALE_STEP), offset: fill(0, -SCALE_START / SCALE_STEP) };
}

/**
 * The integer layer nearest to a float one: kernel and bias in integer units of input and output, times the largest
 * 2^shift (0–24) that keeps the channel's kernel within ±127, rounded. The bias takes the half that makes `floor` a rounding.
 */
export function quantiseLayer(
  shape: PriorLayer["shape"],
  { kernel, bias }: FloatLayer,
  inputs: readonly number[],
  outputs: { readonly unit: readonly number[]; readonly offset: readonly number[] },
): PriorLayer {
  const [, , depth, out] = shape;
  const scaled = Float64Array.from(
    kernel,
    (value, at) => (value * outputs.unit[at % out]!) / inputs[Math.floor(at / out) % depth]!,
  );
  const largest = new Float64Array(out);
  scaled.forEach((value, at) => {
    largest[at % out] = Math.max(largest[at % out]!, Math.abs(value));
  });
  const shift = Uint8Array.from(largest, shiftFor);
  return {
    shape,
    kernel: Int8Array.from(scaled, (value, at) => roundHalfUp(value * 2 ** shift[at % out]!)),
    bias: Int32Array.from(bias, (value, o) =>
      roundHalfUp((value * outputs.unit[o]! + outputs.offset[o]! + 0.5) * 2 ** shift[o]!),
    ),
    shift,
  };
}

/** The largest shift that keeps a kernel of this magnitude within ±127. */
export function shiftFor(largest: number): number {
  let shift = MAX_SHIFT;
  while (shift > 0 && largest * 2 ** shift > KERNEL_LIMIT) shift--;
  return shift;
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
        inputUnits(architecture, slice, pass, index),
        outputUnits(architecture, index),
      ),
    );
    weights[slice] ??= [];
    weights[slice][pass] = layers as unknown as PriorNetwork;
  }
  return weights;
}
