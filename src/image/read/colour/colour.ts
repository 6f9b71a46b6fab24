import { DIAGONAL, type Matrix } from "./matrix.ts";

/** A coded sample, 0–1 → light, where 1 is white. */
export type Curve = (sample: number) => number;

export const linear: Curve = (v) => v;

/** IEC 61966-2-1. */
export const srgb: Curve = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);

/** Light → sample: `srgb` backwards. */
export const srgbInverse: Curve = (l) => (l <= 0.0031308 ? l * 12.92 : 1.055 * l ** (1 / 2.4) - 0.055);

export function gamma(exponent: number): Curve {
  return (v) => Math.max(0, v) ** exponent;
}

/** BT.2020, and BT.709 to the letter (H.273, transfer characteristics 14 and 15; 1 and 6). */
export const bt2020: Curve = (v) => (v < 0.0812429 ? v / 4.5 : ((v + 0.0992968) / 1.0992968) ** (1 / 0.45));

/** SMPTE 240M (H.273, 7). */
export const smpte240: Curve = (v) => (v < 0.0912863 ? v / 4 : ((v + 0.1115722) / 1.1115722) ** (1 / 0.45));

/** Logarithmic over so many decades (H.273, 9 and 10). */
export function logarithmic(decades: number): Curve {
  return (v) => (v <= 0 ? 0 : 10 ** ((v - 1) * decades));
}

/** SMPTE ST 428-1, digital cinema (H.273, 17). */
export const cinema: Curve = (v) => (52.37 / 48) * Math.max(0, v) ** 2.6;

/**
 * White of a page or a face in daylight, in cd/m², among highlights that are brighter (BT.2408): 1 in the units of a
 * curve.
 */
export const REFERENCE_WHITE = 203;

/** Perceptual quantiser: a sample stands for so many cd/m², up to 10,000 (SMPTE ST 2084; H.273, 16). */
export const pq: Curve = (v) => {
  const root = Math.max(0, v) ** (1 / 78.84375);
  const light = Math.max(0, root - 0.8359375) / (18.8515625 - 18.6875 * root);
  return (light ** (1 / 0.1593017578125) * 10_000) / REFERENCE_WHITE;
};

/** Hybrid log-gamma: a sample → light of the scene, 0–1 (BT.2100; H.273, 18). `systemGamma` takes it to a display. */
export const hlg: Curve = (v) => {
  if (v <= 0) return 0;
  return v <= 0.5 ? (v * v) / 3 : (Math.exp((v - 0.55991073) / 0.17883277) + 0.28466892) / 12;
};

/** Peak of the display that HLG is shown on here, in cd/m², and BT.2100's exponent for it. */
export const HLG_PEAK = 1000;
export const HLG_SYSTEM_GAMMA = 1.2;

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
