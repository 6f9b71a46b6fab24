import { QUALITIES } from "./architecture.ts";

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
