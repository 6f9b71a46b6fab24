import { TOTAL } from "../../codec/entropy/range-coder.ts";
import { SCALES } from "../../codec/entropy/symbol-tables.ts";
import { type Image, UPRIGHT } from "../../codec/image.ts";
import type { Model } from "../../codec/model.ts";
import { analysisOf, trialOf } from "../../codec/rdo/trials.ts";
import { SCALE_FLOOR, SCALE_START, SCALE_STEP } from "../network/quantise.ts";

/** Share of a table's probability that its symbols may leave to the escape. */
const TAIL = 2 ** -17;

/** Standard deviation that a scale index stands for while training. */
export function sigmaOf(index: number): number {
  return Math.log1p(Math.exp(SCALE_START + SCALE_STEP * index)) + SCALE_FLOOR;
}

/** How often each symbol came, by scale index, then symbol, in real images at all qualities; weighed, so no integers. */
export type SymbolCounts = readonly ReadonlyMap<number, number>[];

/**
 * The table of each scale: bins of a zero-mean Gaussian, corrected by what was counted. The Gaussian weighs as much as
 * `strength` observations, so a rare scale keeps its Gaussian and a frequent one learns its true shape.
 */
export function buildTables(counts?: SymbolCounts, strength = 500): Uint16Array[] {
  return Array.from({ length: SCALES }, (_, index) => {
    const sigma = sigmaOf(index);
    const seen = counts?.[index];
    let half = 1;
    while (2 * upperTail((half + 0.5) / sigma) > TAIL) half++;
    const total = seen ? [...seen.values()].reduce((a, b) => a + b, 0) : 0;
    const symbols = Array.from({ length: 2 * half + 1 }, (_, i) => i - half);
    const gaussian = symbols.map((n) => upperTail((n - 0.5) / sigma) - upperTail((n + 0.5) / sigma));
    const shares = symbols.map((n, i) => {
      // both signs share their counts: the sign of a residual carries no information
      const count = ((seen?.get(n) ?? 0) + (seen?.get(-n) ?? 0)) / 2;
      return (count + strength * gaussian[i]!) / (total + strength);
    });
    const rest = Math.max(0, 1 - shares.reduce((a, b) => a + b, 0));
    return toFrequencies([...shares, rest]);
  });
}

/** Whole frequencies that sum to 65536, none zero; what rounding leaves over goes to the largest. */
export function toFrequencies(shares: readonly number[]): Uint16Array {
  const frequencies = shares.map((share) => Math.max(1, Math.round(share * TOTAL)));
  const rest = TOTAL - frequencies.reduce((a, b) => a + b, 0);
  frequencies[frequencies.indexOf(Math.max(...frequencies))]! += rest;
  return Uint16Array.from(frequencies);
}

/** P(Z > z) of a standard normal: its power series near zero, Laplace's continued fraction in the tail. */
function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z);
  if (z > 6) return density(z) / z;
  if (z > 3) return density(z) / continuedFraction(z);
  // Φ(z) − ½ = φ(z) · (z + z³/3 + z⁵/15 + …)
  let [term, sum] = [z, z];
  for (let k = 3; term > 1e-17 * sum; k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return 0.5 - density(z) * sum;
}

function density(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** z + 1/(z + 2/(z + 3/(z + …))), of Mills's ratio (Laplace). */
function continuedFraction(z: number): number {
  let value = z;
  for (let k = 60; k >= 1; k--) value = z + k / value;
  return value;
}

/**
 * Adds the symbols of each scale to `counts`, of an image at some qualities: what `buildTables` corrects its Gaussians
 * with. Those of a file count as much less as the file is larger, since a hundredth of its bytes is worth as much at
 * every quality. The image must be one that the model may learn from.
 *
 * @param weight of the image; in a file of 1000 bits each symbol then counts so often
 */
export function countSymbols(
  model: Model,
  image: Image,
  qualities: readonly number[],
  weight: number,
  counts: readonly Map<number, number>[],
): void {
  const analysis = analysisOf(model, image, UPRIGHT);
  for (const quality of qualities) {
    const { scales, symbols, bits } = trialOf(model, analysis, quality);
    const times = (weight * 1000) / Math.max(1, bits);
    symbols.forEach((symbol, i) => {
      const row = counts[scales[i]!]!;
      row.set(symbol, (row.get(symbol) ?? 0) + times);
    });
  }
}

/** Where counting begins. */
export function noCounts(): Map<number, number>[] {
  return Array.from({ length: SCALES }, () => new Map<number, number>());
}
