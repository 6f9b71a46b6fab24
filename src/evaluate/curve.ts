/** What a codec needs and gives at one quality, means over a set of images. */
export interface Point {
  readonly quality: number;
  readonly bytes: number;
  /** Mean of the PSNR of each image, in dB. */
  readonly psnr: number;
}

/**
 * Bytes at a PSNR, read off the curve of the mean points: the logarithm of bytes as a function of PSNR, by monotone cubic
 * interpolation (Fritsch and Carlson 1980, with the harmonic-mean slopes of Fritsch and Butland 1984) between
 * neighbours. `undefined` outside the points: nothing is extrapolated.
 */
export function bytesAt(points: readonly Point[], decibels: number): number | undefined {
  const curve = rising(points);
  const right = curve.findIndex(({ psnr }) => psnr >= decibels);
  if (right < 0) return undefined;
  if (curve[right]!.psnr === decibels) return curve[right]!.bytes;
  if (right === 0) return undefined;
  const x = curve.map(({ psnr }) => psnr);
  const y = curve.map(({ bytes }) => Math.log(bytes));
  const slope = slopes(x, y);
  const left = right - 1;
  const width = x[right]! - x[left]!;
  const t = (decibels - x[left]!) / width;
  // cubic Hermite basis
  const value =
    (1 + 2 * t) * (1 - t) ** 2 * y[left]! +
    t * (1 - t) ** 2 * width * slope[left]! +
    t ** 2 * (3 - 2 * t) * y[right]! +
    t ** 2 * (t - 1) * width * slope[right]!;
  return Math.exp(value);
}

/** Points in order of PSNR, without those that need more bytes than a better one. */
function rising(points: readonly Point[]): Point[] {
  const curve: Point[] = [];
  let least = Infinity;
  for (const point of points.toSorted((a, b) => b.psnr - a.psnr || a.bytes - b.bytes)) {
    if (point.bytes < least) curve.unshift(point);
    least = Math.min(least, point.bytes);
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
