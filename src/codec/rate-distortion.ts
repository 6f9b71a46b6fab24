import { ZippyNetError } from "./errors.ts";
import { type Image, laidOnWhite } from "./image.ts";
import { QUALITIES } from "./target.ts";

/**
 * Peak signal-to-noise ratio in dB of two images of one size: 10·log₁₀(255² / MSE), the mean squared error over all
 * red, green and blue samples of 8 bits, transparency laid on white. Infinity if they are equal. Throws `bad-image` if
 * their sizes differ.
 */
export function psnr(a: Image, b: Image): number {
  return decibels(sseOf(a, b), a.data.length);
}

/** PSNR in dB, from the sum of squared errors of so many 8-bit samples. */
export function decibels(sse: number, samples: number): number {
  return 10 * Math.log10((255 * 255 * samples) / sse);
}

/**
 * Sum of squared errors (SSE) of two images of one size, of the same samples as `psnr`. Throws `bad-image` if their
 * sizes differ.
 */
export function sseOf(a: Image, b: Image): number {
  if (a.width !== b.width || a.height !== b.height) {
    throw new ZippyNetError(
      "bad-image",
      `expected two images of one size, got ${a.width}×${a.height} and ${b.width}×${b.height}`,
    );
  }
  let sse = 0;
  const [x, y] = [laidOnWhite(a).data, laidOnWhite(b).data];
  for (let i = 0; i < x.length; i++) sse += (x[i]! - y[i]!) ** 2;
  return sse;
}

/** Lowest and highest training level, of quality 1 and 100. */
const LOWEST_LEVEL = -0.2;
const HIGHEST_LEVEL = 1;

/** The training level l of a quality. */
export function levelOf(quality: number): number {
  return LOWEST_LEVEL + ((HIGHEST_LEVEL - LOWEST_LEVEL) * (quality - 1)) / (QUALITIES - 1);
}

/** λ of training at a level l: its loss is bits per pixel + λ · MSE of 8-bit samples. */
export function trainingLambda(level: number): number {
  return 0.0006 * 250 ** level;
}

/**
 * λ of a quality, in bits for one squared error of an 8-bit sample: its files minimise bits + λ · SSE, the loss of
 * training.
 */
export function lambdaOf(quality: number): number {
  return trainingLambda(levelOf(quality)) / 3;
}
