import type { Image } from "../../codec/image.ts";

/** What may be measured beside PSNR, by the name in the report's data; `metrics.ts` has what measures it. */
export const SCORES = ["ssim"] as const;

/** The value of each metric; missing where it was not measured. */
export type Scores = { readonly [name in (typeof SCORES)[number]]?: number };

/** How alike two images of one size are. */
export interface Metric {
  /** What computes it, and its version: part of the cache's key. */
  readonly name: string;
  /** Heads its column in the report. */
  readonly title: string;
  /** Decimals in the report. */
  readonly digits: number;
  readonly of: (a: Image, b: Image) => number;
}

export type Metrics = Readonly<Record<keyof Scores, Metric>>;

export function scoresOf(metrics: Metrics, a: Image, b: Image): Scores {
  return Object.fromEntries(SCORES.map((name) => [name, metrics[name].of(a, b)])) as Scores;
}

/** Means over images, of what was measured of all of them. */
export function meanScores(images: readonly Scores[]): Scores {
  const known = SCORES.filter((name) => images.every((scores) => scores[name] !== undefined));
  const means = known.map((name) => {
    const sum = images.reduce((total, scores) => total + scores[name]!, 0);
    return [name, sum / images.length];
  });
  return Object.fromEntries(means) as Scores;
}
