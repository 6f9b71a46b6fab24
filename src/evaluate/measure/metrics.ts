import type { Metrics } from "./scores.ts";
import { SSIM } from "./ssim.ts";

/**
 * What the report measures beside PSNR. It is apart from `scores.ts`, so that `zippynet evaluate`, which measures none
 * of it, does not need the packages of these metrics.
 */
export const METRICS: Metrics = { ssim: SSIM };
