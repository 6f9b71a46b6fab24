import type { Image } from "../codec/image.ts";

/** Peak signal-to-noise ratio of two images of one size in decibels, over all 8-bit samples; Infinity if they are the same. */
export function psnr(a: Image, b: Image): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i]! - b.data[i]!) ** 2;
  return 10 * Math.log10((255 * 255 * a.data.length) / sum);
}
