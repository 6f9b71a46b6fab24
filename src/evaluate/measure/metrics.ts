import { ssim } from "ssim.js";
import type { Image } from "../../codec/image.ts";
import { toRgba } from "../peers/rgba.ts";
import { packageVersion } from "./cache.ts";
import type { Metric, Metrics } from "./scores.ts";

/** Side in pixels of the Gaussian window (σ = 1.5); in a smaller picture, the largest odd number that fits. */
const WINDOW = 11;

/**
 * SSIM of luma, as its authors' own program computes it (Wang et al. 2004), without scaling down first. MS-SSIM's five
 * scales need sides of 176 pixels, so pictures of a few dozen cannot have it. 1 for equal pictures, less for others.
 */
export const SSIM: Metric = {
  name: `ssim.js ${packageVersion("ssim.js")}, luma, window ${WINDOW}`,
  title: "SSIM",
  digits: 4,
  of(a, b) {
    const side = Math.min(a.width, a.height);
    const windowSize = Math.min(WINDOW, side - 1 + (side % 2));
    return ssim(pixels(a), pixels(b), { ssim: "fast", downsample: false, windowSize }).mssim;
  },
};

/**
 * What the report measures beside PSNR. It is apart from `scores.ts`, so that `zippynet evaluate`, which measures none
 * of it, does not need the packages of these metrics.
 */
export const METRICS: Metrics = { ssim: SSIM };

function pixels(image: Image): { width: number; height: number; data: Uint8ClampedArray } {
  return { width: image.width, height: image.height, data: toRgba(image) };
}
