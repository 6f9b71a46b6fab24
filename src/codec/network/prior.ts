import { type Architecture, PASSES, SCALES_AND_MEANS } from "./architecture.ts";
import { POSITION_FEATURES } from "./positions.ts";

/**
 * The prior: for each slice and checkerboard pass a network of three convolutions over what is already decoded,
 *
 * ```
 * earlier slices · positions · quality · mask · [pass 1: this slice, pass 0]          all in 32nds
 *    ─ conv0 3×3 ─ act ─ conv1 3×3 ─ act ─ conv2 1×1 ─ means in 32nds, scale indices 0–63
 * ```
 *
 * All of it integers, by the rule of `integer/convolution.ts`; act is the leaky ReLU of slope ⅛. Between layers they are clipped to
 * ±16383, then means to ±4095 and scale indices to 0–63.
 *
 * `prior-kernel.ts` computes it. Whatever else does, has to find the same integers: that is what makes a file decode.
 */
export interface PriorLayer {
  /** Height × width × in × out. */
  readonly shape: readonly [number, number, number, number];
  readonly kernel: Int8Array;
  readonly bias: Int32Array;
  /** What a sum is multiplied by, of each output channel. */
  readonly multiplier: Float32Array;
}

/** The three layers of one network. */
export type PriorNetwork = readonly [PriorLayer, PriorLayer, PriorLayer];
/** Networks by slice, then pass. */
export type PriorWeights = readonly (readonly PriorNetwork[])[];

export interface PriorEngine {
  /**
   * Runs the network of a slice and pass on the latents of an image.
   * @param input [rows, columns, inputChannels], channels in the order above
   * @returns [rows, columns, 2·(latentChannels/slices)], not clipped to what they mean: means in 32nds, then scale indices; where
   * row + column is of the other pass's parity, anything
   */
  run(slice: number, pass: number, input: Int16Array, rows: number, columns: number): ArrayLike<number>;
  dispose(): void;
}

/** Slope of the activation for negative sums. */
export const PRIOR_SLOPE = 1 / 8;
/** Integers that make one of latents, means and all else that enters. */
export const LATENT_UNIT = 32;
/** Decoded latents enter the networks clipped to ±this. */
export const LATENT_LIMIT = 1023;
/** Activations between layers are clipped to ±this. */
export const ACTIVATION_LIMIT = 2 ** 14 - 1;
/** Means are clipped to ±this. */
export const MEAN_LIMIT = 4095;
/** Position features are sixteenths. */
export const POSITION_SCALE = LATENT_UNIT / 16;
/** Largest magnitude of the quality level feature. */
export const LEVEL_LIMIT = 64;

export function sliceChannels({ latentChannels, slices }: Architecture): number {
  return latentChannels / slices;
}

/** Channels that enter the first layer of a slice's pass. */
export function inputChannels(architecture: Architecture, slice: number, pass: number): number {
  return sliceChannels(architecture) * (slice + pass) + POSITION_FEATURES + 2;
}

export function networkName(slice: number, pass: number): string {
  return `prior.${slice}.${pass}`;
}

/** Kernel shapes of the three layers of a network. */
export function networkShapes(
  architecture: Architecture,
  slice: number,
  pass: number,
): (readonly [number, number, number, number])[] {
  const { hidden } = architecture.prior;
  return [
    [3, 3, inputChannels(architecture, slice, pass), hidden],
    [3, 3, hidden, hidden],
    [1, 1, hidden, SCALES_AND_MEANS * sliceChannels(architecture)],
  ];
}

/** Largest magnitude of each input channel of the first layer. */
export function inputLimits(architecture: Architecture, slice: number, pass: number): number[] {
  const width = sliceChannels(architecture);
  const latents = (count: number) => new Array<number>(count * width).fill(LATENT_LIMIT);
  const positions = new Array<number>(POSITION_FEATURES).fill(LATENT_UNIT);
  return [...latents(slice), ...positions, LEVEL_LIMIT, LATENT_UNIT, ...latents(pass)];
}

/** For each slice and pass in turn. */
export function* networks({ slices }: Architecture): Generator<{ slice: number; pass: number }> {
  for (let slice = 0; slice < slices; slice++) {
    for (let pass = 0; pass < PASSES; pass++) yield { slice, pass };
  }
}
