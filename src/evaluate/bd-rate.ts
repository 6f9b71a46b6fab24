import { inPsnr, type Measure, type Point, rateCurve } from "./curve.ts";

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
