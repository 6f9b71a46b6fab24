import type { Scores } from "./scores.ts";

/** What a codec needs and gives at one quality, means over a set of images. */
export interface Point extends Scores {
  readonly quality: number;
  readonly bytes: number;
  /** Mean of the PSNR of each image, in dB. */
  readonly psnr: number;
  /** Share of faces that are nearer to their own original than to any other, 0–1, where it was measured. */
  readonly rank1?: number;
  /** Mean distance of a face to its original, by a face recogniser, where it was measured. */
  readonly distance?: number;
  /** Mean LPIPS, where it was measured. */
  readonly lpips?: number;
}

/** The points of a codec. */
export interface Curve {
  readonly name: string;
  readonly settings: string;
  /** In order of quality. */
  readonly points: readonly Point[];
}

/** How good a point is; NaN where that is not known. */
export type Measure = (point: Point) => number;

export const inPsnr: Measure = ({ psnr }) => psnr;

/** Structural similarity in dB: −10·log₁₀(1 − SSIM), in which 0.98 and 0.99 differ as plainly as 0.8 and 0.9. */
export const inSsim: Measure = ({ ssim = Number.NaN }) => -10 * Math.log10(1 - ssim);

/** LPIPS in dB, −10·log₁₀ LPIPS: more is better. */
export const inLpips = ({ lpips = Number.NaN }: Pick<Point, "lpips">): number => -10 * Math.log10(lpips);

export const inRank1: Measure = ({ rank1 = Number.NaN }) => rank1;

/** The PSNR in dB that a picture without loss counts as, so that means stay finite. */
const LOSSLESS = 60;

/** A PSNR of which means can be taken: that of a picture without loss counts as `LOSSLESS`. */
export function cappedPsnr(psnr: number): number {
  return Math.min(psnr, LOSSLESS);
}

/** Bytes as a function of how good a picture is. */
export interface RateCurve {
  /** Where the points are, rising. */
  readonly knots: readonly number[];
  /** Bytes at a level; `undefined` outside the knots. */
  at(level: number): number | undefined;
}

/**
 * The curve through mean points: the logarithm of bytes as a function of a measure, by monotone cubic interpolation
 * (Fritsch and Carlson 1980, with the harmonic-mean slopes of Fritsch and Butland 1984) between neighbours. Points that
 * need more bytes than a better one are left out; nothing is extrapolated.
 */
export function rateCurve(points: readonly Point[], measure: Measure = inPsnr): RateCurve {
  const curve = rising(points, measure);
  const x = curve.map(({ level }) => level);
  const y = curve.map(({ bytes }) => Math.log(bytes));
  const slope = slopes(x, y);
  return {
    knots: x,
    at(level) {
      const right = x.findIndex((knot) => knot >= level);
      if (right < 0) return undefined;
      if (x[right] === level) return curve[right]!.bytes;
      if (right === 0) return undefined;
      const left = right - 1;
      const width = x[right]! - x[left]!;
      const t = (level - x[left]!) / width;
      // cubic Hermite basis
      const value =
        (1 + 2 * t) * (1 - t) ** 2 * y[left]! +
        t * (1 - t) ** 2 * width * slope[left]! +
        t ** 2 * (3 - 2 * t) * y[right]! +
        t ** 2 * (t - 1) * width * slope[right]!;
      return Math.exp(value);
    },
  };
}

/** Bytes at a level of a measure (in dB), read off the curve of the mean points; `undefined` outside of them. */
export function bytesAt(points: readonly Point[], level: number, measure?: Measure): number | undefined {
  return rateCurve(points, measure).at(level);
}

interface Knot {
  readonly level: number;
  readonly bytes: number;
}

/** Points in order of how good they are, without those that need more bytes than a better one. */
function rising(points: readonly Point[], measure: Measure): Knot[] {
  const curve: Knot[] = [];
  let least = Infinity;
  const known = points
    .map((point) => ({ level: measure(point), bytes: point.bytes }))
    .filter(({ level }) => Number.isFinite(level));
  for (const knot of known.sort((a, b) => b.level - a.level || a.bytes - b.bytes)) {
    if (knot.bytes < least) curve.unshift(knot);
    least = Math.min(least, knot.bytes);
  }
  return curve;
}

/** Slopes at which the cubics through points rise wherever the points do. */
function slopes(x: readonly number[], y: readonly number[]): number[] {
  const secants = x.slice(1).map((right, i) => (y[i + 1]! - y[i]!) / (right - x[i]!));
  return x.map((_, i) => {
    const before = secants[i - 1];
    const after = secants[i];
    if (before === undefined) return after ?? 0;
    if (after === undefined) return before;
    if (before * after <= 0) return 0;
    const [a, b] = [x[i]! - x[i - 1]!, x[i + 1]! - x[i]!];
    return (3 * (a + b)) / ((2 * b + a) / before + (b + 2 * a) / after);
  });
}

/** Bytes at each of several levels in dB; null where the curve does not reach. */
export function bytesAtLevels(points: readonly Point[], decibels: readonly number[]): (number | null)[] {
  return decibels.map((level) => bytesAt(points, level) ?? null);
}

/** Bytes over others at each level, and the mean; null where one of them is not known. */
export function ratios(
  ours: readonly (number | null)[],
  theirs: readonly (number | null)[],
): { readonly ratio: (number | null)[]; readonly meanRatio: number | null } {
  const ratio = theirs.map((bytes, i) => (bytes === null || ours[i] === null ? null : ours[i]! / bytes));
  const known = ratio.filter((value) => value !== null);
  return { ratio, meanRatio: known.length === ratio.length ? mean(known) : null };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Bjøntegaard's mean difference of rates. */
export interface BdRate {
  /** Our bytes over theirs at equal quality, less one: −0.3 is 30 % fewer. The geometric mean over the interval. */
  readonly rate: number;
  /** The interval that both curves cover, in dB of the measure. */
  readonly low: number;
  readonly high: number;
}

/** Of two curves, each interpolated as `rateCurve` does; `undefined` where they share no interval. */
export function bdRate(
  ours: readonly Point[],
  theirs: readonly Point[],
  measure: Measure = inPsnr,
): BdRate | undefined {
  const curves = [rateCurve(ours, measure), rateCurve(theirs, measure)] as const;
  const [a, b] = curves;
  if (a.knots.length < 2 || b.knots.length < 2) return undefined;
  const low = Math.max(a.knots[0]!, b.knots[0]!);
  const high = Math.min(a.knots.at(-1)!, b.knots.at(-1)!);
  if (!(low < high)) return undefined;
  const difference = (level: number): number => Math.log(a.at(level)! / b.at(level)!);
  const inside = [...a.knots, ...b.knots].filter((knot) => knot > low && knot < high);
  const ends = [low, ...inside.sort((x, y) => x - y), high];
  let sum = 0;
  for (const [i, from] of ends.slice(0, -1).entries()) {
    const to = ends[i + 1]!;
    // Simpson's rule; between knots both curves are cubics, for which it is exact
    sum += ((to - from) / 6) * (difference(from) + 4 * difference((from + to) / 2) + difference(to));
  }
  return { rate: Math.exp(sum / (high - low)) - 1, low, high };
}
