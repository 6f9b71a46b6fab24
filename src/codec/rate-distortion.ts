import { ZippyNetError } from "./errors.ts";
import { type Image, laidOnWhite } from "./image.ts";
import { QUALITIES } from "./network/architecture.ts";

/**
 * Peak signal-to-noise ratio in dB of two images of one size: 10·log₁₀(255² / MSE), the mean squared error over all
 * red, green and blue samples of 8 bits, transparency laid on white. Infinity if they are equal. Throws `bad-image` if their
 * sizes differ.
 */
export function psnr(a: Image, b: Image): number {
  return decibels(squaredError(a, b), a.data.length);
}

/** Of so many samples. */
export function decibels(squares: number, samples: number): number {
  return 10 * Math.log10((255 * 255 * samples) / squares);
}

/** Sum of squared errors; as `psnr`. */
export function squaredError(a: Image, b: Image): number {
  if (a.width !== b.width || a.height !== b.height) {
    throw new ZippyNetError(
      "bad-image",
      `expected two images of one size, got ${a.width}×${a.height} and ${b.width}×${b.height}`,
    );
  }
  let squares = 0;
  const [x, y] = [laidOnWhite(a).data, laidOnWhite(b).data];
  for (let i = 0; i < x.length; i++) squares += (x[i]! - y[i]!) ** 2;
  return squares;
}

/** Lowest and highest training level, of quality 1 and 100. */
const LOWEST_LEVEL = -0.2;
const HIGHEST_LEVEL = 1;

/** The training level l of a quality. */
export function levelOf(quality: number): number {
  return LOWEST_LEVEL + ((HIGHEST_LEVEL - LOWEST_LEVEL) * (quality - 1)) / (QUALITIES - 1);
}

/** Weight of the distortion, MSE of 8-bit pixels, against bits per pixel: what training minimises, and what a search should. */
export function distortionWeight(level: number): number {
  return 0.0006 * 250 ** level;
}

/** Bits that a quality pays for one squared error of an 8-bit sample: bits + price · errors is what its files minimise. */
export function priceOf(quality: number): number {
  return distortionWeight(levelOf(quality)) / 3;
}
