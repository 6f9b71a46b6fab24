import type { Metrics } from "./scores.ts";
import { SSIM } from "./ssim.ts";

/**
 * What the report measures beside PSNR. It stands apart from `scores.ts`, so that `zippynet evaluate`, which measures
 * none of it, does without the packages that these metrics take.
 */
export const METRICS: Metrics = { ssim: SSIM };
