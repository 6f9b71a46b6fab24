/** What a codec needs and gives at one quality, means over a set of images. */
export interface Point {
  readonly quality: number;
  readonly bytes: number;
  /** Mean of the PSNR of each image, in dB. */
  readonly psnr: number;
  /** Mean of the structural similarity of each image, at most 1, where it was measured. */
  readonly ssim?: number;
}

/** How good a point is; NaN where that is not known. */
export type Measure = (point: Point) => number;

export const inPsnr: Measure = ({ psnr }) => psnr;

/** Structural similarity in dB: −10·log₁₀(1 − SSIM), which tells 0.98 from 0.99 as plainly as 0.8 from 0.9. */
export const inSsim: Measure = ({ ssim = Number.NaN }) => -10 * Math.log10(1 - ssim);

/** In dB: what a picture without loss counts as, so that means stay finite. */
const LOSSLESS = 60;

/** Of one picture, on its way into a mean. */
export function finite(psnr: number): number {
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
 * (Fritsch and Carlson 1980, with the harmonic-mean slopes of Fritsch and Butland 1984) between neighbours. Points that need more
 * bytes than a better one are left out; nothing is extrapolated.
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

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
