import { type Curve, srgb } from "./curves.ts";
import { DIAGONAL, type Matrix } from "./matrix.ts";

/** What the samples of a picture mean. */
export interface Colour {
  /** For people: `Display P3`. */
  readonly name: string;
  /** Sample → light of red, green and blue; grey goes by the first. */
  readonly curves: readonly [Curve, Curve, Curve];
  /** That light → linear light of sRGB. */
  readonly matrix: Matrix;
  /** Light may be brighter than white, and is brought down to what a screen without highlights shows. */
  readonly highlights?: "PQ" | "HLG" | "float samples";
}

export const SRGB: Colour = { name: "sRGB", curves: [srgb, srgb, srgb], matrix: DIAGONAL };

/** Whether samples of a colour are those of sRGB, to less than a third of a level of 255. */
export function isSrgb({ curves, matrix, highlights }: Colour): boolean {
  if (highlights) return false;
  const near = (a: number, b: number): boolean => Math.abs(a - b) < 0.002;
  if (!matrix.every((row, y) => row.every((value, x) => near(value, DIAGONAL[y]![x]!)))) return false;
  for (let sample = 0; sample < 256; sample++) {
    const [v, next] = [sample / 255, (sample + 1) / 255];
    const tolerance = (srgb(next) - srgb(v)) / 3;
    if (curves.some((curve) => Math.abs(curve(v) - srgb(v)) > tolerance)) return false;
  }
  return true;
}
