/**
 * The widths of a model's networks; its manifest holds one. The wiring is in `transforms.ts` and `prior.ts`.
 *
 * `blocks` are the residual blocks at each resolution: 1/2, 1/4, 1/8 of the image in `g_a`, the reverse in `g_s`.
 */
export interface Architecture {
  latentChannels: number;
  slices: number;
  analysis: TransformWidths;
  synthesis: TransformWidths;
  prior: { hidden: number };
}

export interface TransformWidths {
  /** Channels at 1/2, 1/4 and 1/8 of the image's resolution. */
  widths: [number, number, number];
  blocks: [number, number, number];
}

/** Image pixels a latent position spans on each side. */
export const STRIDE = 8;
/** Checkerboard passes a slice. */
export const PASSES = 2;
/** Numbers that the prior gives for each latent: its mean and the index of its scale. */
export const MEANS_AND_SCALES = 2;
/** Quality runs from 1 to this. */
export const QUALITIES = 100;

export const DEFAULT_ARCHITECTURE: Readonly<Architecture> = {
  latentChannels: 64,
  slices: 4,
  analysis: { widths: [48, 128, 256], blocks: [2, 5, 8] },
  synthesis: { widths: [48, 128, 256], blocks: [2, 5, 5] },
  prior: { hidden: 96 },
};

/** Rows and columns of latents of an image of this size. */
export function latentSize(width: number, height: number): { rows: number; columns: number } {
  return { rows: Math.ceil(height / STRIDE), columns: Math.ceil(width / STRIDE) };
}
