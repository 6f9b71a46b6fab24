import { type Architecture, PASSES, SCALES_AND_MEANS } from "./architecture.ts";
import { ZippyNetError } from "./errors.ts";
import { POSITION_FEATURES } from "./positions.ts";

/**
 * The prior: for each slice and checkerboard pass a network of three convolutions over what is already decoded,
 *
 * ```
 * earlier slices (⅛) · positions (1/16) · quality (1/32) · mask (1/16) · [pass 1: this slice, pass 0 (⅛)]
 *    ─ conv0 3×3 ─ act ─ conv1 3×3 ─ act ─ conv2 1×1 ─ means (⅛), scale indices 0–63
 * ```
 *
 * All of it integers. A layer computes, for each output channel c,
 *
 * ```
 * acc = Σ kernel·input + bias_c               proved: |acc| < 2²⁴, so float32 holds every partial sum
 * act: acc < 0 → acc / 8 (slope ⅛)            conv2 has none
 * out = acc / 2^shift_c, rounded              to the nearest integer, ties to the even one
 * ```
 *
 * clipped to ±511 between layers, means to ±1023, scale indices to 0–63.
 *
 * Two engines compute it: `prior-kernel.ts` on the WebAssembly kernel, `prior-integers.ts` in plain integers. They agree to
 * the last bit; that is what makes a file decode on every machine. Training computes it in float32 on TensorFlow.js, and finds
 * the same integers.
 */
export interface PriorLayer {
  /** Height × width × in × out. */
  readonly shape: readonly [number, number, number, number];
  readonly kernel: Int8Array;
  readonly bias: Int32Array;
  /** Right shift of each output channel, 0–14. */
  readonly shift: Uint8Array;
}

/** The three layers of one network. */
export type PriorNetwork = readonly [PriorLayer, PriorLayer, PriorLayer];
/** Networks by slice, then pass. */
export type PriorWeights = readonly (readonly PriorNetwork[])[];

export interface PriorEngine {
  /**
   * Runs the network of a slice and pass on the latents of an image.
   * @param input [rows, columns, inputChannels], channels in the order above
   * @returns [rows, columns, 2·(latentChannels/slices)], not clipped to what they mean: means in eighths, then scale indices; where
   * row + column is of the other pass's parity, anything
   */
  run(slice: number, pass: number, input: Int16Array, rows: number, columns: number): ArrayLike<number>;
  dispose(): void;
}

/** Denominator of the log2 slope of the activation for negative inputs: acc / 2³. */
export const PRIOR_SLOPE_SHIFT = 3;
/** Decoded latents enter the networks in eighths, clipped to ±this. */
export const LATENT_LIMIT = 255;
/** Activations between layers are clipped to ±this. */
export const ACTIVATION_LIMIT = 511;
/** Means, in eighths, are clipped to ±this. */
export const MEAN_LIMIT = 1023;
/** Units of one: latents and means in eighths, positions and mask in sixteenths, quality level in 32nds. */
export const LATENT_UNIT = 8;
export const POSITION_UNIT = 16;
export const LEVEL_UNIT = 32;
/** Largest magnitude of the quality level feature. */
export const LEVEL_LIMIT = 64;
/** Largest right shift. */
export const MAX_SHIFT = 14;
/** float32 holds every integer up to this. */
export const EXACT_LIMIT = 2 ** 24;

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
  const positions = new Array<number>(POSITION_FEATURES).fill(POSITION_UNIT);
  return [...latents(slice), ...positions, LEVEL_LIMIT, POSITION_UNIT, ...latents(pass)];
}

/** For each slice and pass in turn. */
export function* networks({ slices }: Architecture): Generator<{ slice: number; pass: number }> {
  for (let slice = 0; slice < slices; slice++) {
    for (let pass = 0; pass < PASSES; pass++) yield { slice, pass };
  }
}

/**
 * The proof that float32 computes the prior exactly: the largest bound, over all layers and output channels, of
 * max|input|·Σ|kernel| + |bias|, as a fraction of 2²⁴. Throws `bad-model` if one reaches it: then the order of a
 * sum could change its result.
 */
export function proveExact(architecture: Architecture, weights: PriorWeights): number {
  let worst = 0;
  for (const { slice, pass } of networks(architecture)) {
    weights[slice]![pass]!.forEach((layer, index) => {
      const limits =
        index === 0
          ? inputLimits(architecture, slice, pass)
          : new Array<number>(layer.shape[2]).fill(ACTIVATION_LIMIT);
      const bound = layerBound(layer, limits) / EXACT_LIMIT;
      if (bound >= 1) {
        throw new ZippyNetError(
          "bad-model",
          `${networkName(slice, pass)}.conv${index} is not exact in float32: expected sums below 2^24, got up to ${bound.toFixed(2)} of it`,
        );
      }
      worst = Math.max(worst, bound);
    });
  }
  return worst;
}

/** The largest |accumulator| that a layer can reach over its output channels. */
export function layerBound(
  { shape: [height, width, depth, out], kernel, bias }: PriorLayer,
  limits: number[],
): number {
  const sums = Float64Array.from(bias, Math.abs);
  // plain loops, and no calls in them: whoever loads a model waits for a million weights
  for (let row = 0, at = 0; row < height * width * depth; row++) {
    const limit = limits[row % depth]!;
    for (let o = 0; o < out; o++, at++) {
      const weight = kernel[at]!;
      sums[o]! += (weight < 0 ? -weight : weight) * limit;
    }
  }
  return sums.reduce((a, b) => Math.max(a, b), 0);
}
