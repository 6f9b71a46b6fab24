import type { ConvolutionShape, Layers } from "./architecture.ts";
import { type Architecture, MEANS_AND_SCALES, PASSES } from "./architecture.ts";

/**
 * The prior: what is known of the latents that come next from those that are decoded. After CompressAI's channel-wise
 * (Minnen and Singh, ICIP 2020) and checkerboard (He et al., CVPR 2021) context models, in one.
 *
 * `y_hat` is cut into slices of channels, and each slice is coded in two passes over the positions of a checkerboard:
 *
 * ```
 *   0 1 0 1 0          pass 0: row + column is even
 *   1 0 1 0 1          pass 1: row + column is odd, with the four neighbours of pass 0 known
 *   0 1 0 1 0
 *
 *   slice 0, pass 0 → slice 0, pass 1 → slice 1, pass 0 → slice 1, pass 1 → …
 * ```
 *
 * Each slice and pass has a network of its own, of three convolutions:
 *
 * ```
 *   ┌ y_hat of earlier slices        slice · channels
 *   │ positions                      17
 *   │ quality                        1                        all in 32nds
 *   │ mask: where this pass codes    1
 *   └ y_hat of this slice, pass 0    channels, in pass 1 only
 *        │
 *      conv0 3×3 ─ act ─ conv1 3×3 ─ act ─ conv2 1×1 ─┬─ mean of each latent, in 32nds
 *                                                     └─ scale of each latent: index of one of 64 tables
 * ```
 *
 * A latent is then `y_hat = symbol + mean`, and its symbol is coded by the table of its scale.
 *
 * All of it is integers, by the rule of `integer/convolution.ts`; act is the leaky ReLU of slope ⅛. Between layers they
 * are clipped to ±16383, then means to ±4095 and scales to 0–63.
 *
 * @param x [rows, columns, inputChannels], as `entropy/context-model.ts` fills it
 * @returns [rows, columns, 2·(latentChannels/slices)], before clipping: means, then scales; anything where the other
 * pass codes
 */
export function prior<T>(layers: Layers<T>, { slice, pass }: CodingStep, x: T): T {
  const name = networkName(slice, pass);
  const a = layers.conv(x, `${name}.conv0`, { activate: true });
  const b = layers.conv(a, `${name}.conv1`, { activate: true, parity: pass });
  return layers.conv(b, `${name}.conv2`, { parity: pass });
}

/** A slice of channels, and the checkerboard's pass over it. */
export interface CodingStep {
  readonly slice: number;
  readonly pass: number;
}

/** The slices and passes, in the order in which they are coded. */
export function codingSteps({ slices }: Architecture): CodingStep[] {
  return Array.from({ length: slices * PASSES }, (_, i) => ({
    slice: Math.floor(i / PASSES),
    pass: i % PASSES,
  }));
}

/** Slope of the activation for negative sums. */
export const PRIOR_SLOPE = 1 / 8;
/** Units of 1: latents, means and all other inputs of the prior are in 32nds. */
export const LATENT_UNIT = 32;
/** Decoded latents enter the networks clipped to ±this. */
export const LATENT_LIMIT = 1023;
/** Activations between layers are clipped to ±this. */
export const ACTIVATION_LIMIT = 2 ** 14 - 1;
/** Means are clipped to ±this. */
export const MEAN_LIMIT = 4095;
/** Numbers that describe the position of a latent; see `entropy/context-model.ts`. */
export const POSITION_FEATURES = 17;
/** The channels that positions, quality and mask take in the input of every network. */
export const FEATURES = POSITION_FEATURES + 2;
/** Position features are sixteenths. */
export const POSITION_SCALE = LATENT_UNIT / 16;
/** Largest magnitude of the quality level feature. */
export const LEVEL_LIMIT = 64;

/** Latent channels of a slice. */
export function sliceChannels({ latentChannels, slices }: Architecture): number {
  return latentChannels / slices;
}

/** Channels that enter the first layer of a step's network. */
export function inputChannels(architecture: Architecture, { slice, pass }: CodingStep): number {
  return sliceChannels(architecture) * (slice + pass) + FEATURES;
}

/** Largest magnitude of each input channel of a step's network. */
export function inputLimits(architecture: Architecture, { slice, pass }: CodingStep): number[] {
  const width = sliceChannels(architecture);
  const latents = (count: number) => new Array<number>(count * width).fill(LATENT_LIMIT);
  const positions = new Array<number>(POSITION_FEATURES).fill(LATENT_UNIT);
  return [...latents(slice), ...positions, LEVEL_LIMIT, LATENT_UNIT, ...latents(pass)];
}

/** A convolution of the prior. */
export interface PriorShape extends ConvolutionShape {
  readonly step: CodingStep;
  /** Its place in the network. */
  readonly layer: 0 | 1 | 2;
}

/** Names and kernel shapes of every convolution of the prior, in coding order. */
export function priorShapes(architecture: Architecture): PriorShape[] {
  const { hidden } = architecture.prior;
  return codingSteps(architecture).flatMap((step) => {
    const kernels: [number, number, number, number][] = [
      [3, 3, inputChannels(architecture, step), hidden],
      [3, 3, hidden, hidden],
      [1, 1, hidden, MEANS_AND_SCALES * sliceChannels(architecture)],
    ];
    return kernels.map((kernel, i) => {
      const layer = i as PriorShape["layer"];
      return { name: `${networkName(step.slice, step.pass)}.conv${layer}`, kernel, step, layer };
    });
  });
}

function networkName(slice: number, pass: number): string {
  return `prior.${slice}.${pass}`;
}
