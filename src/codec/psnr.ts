import { ZippyNetError } from "./errors.ts";
import type { Image } from "./image.ts";

/**
 * Peak signal-to-noise ratio in dB of two images of one size: 10·log₁₀(255² / MSE), the mean squared error over all
 * red, green and blue samples of 8 bits. Infinity if they are equal. Throws `bad-image` if their sizes differ.
 */
export function psnr(a: Image, b: Image): number {
  if (a.width !== b.width || a.height !== b.height) {
    throw new ZippyNetError(
      "bad-image",
      `expected two images of one size, got ${a.width}×${a.height} and ${b.width}×${b.height}`,
    );
  }
  let squares = 0;
  for (let i = 0; i < a.data.length; i++) squares += (a.data[i]! - b.data[i]!) ** 2;
  return 10 * Math.log10((255 * 255 * a.data.length) / squares);
}
