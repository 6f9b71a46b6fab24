import { DIAGONAL, type Matrix } from "./matrix.ts";

/** From a sample, 0–1, to light, where 1 is white. */
export type Curve = (sample: number) => number;

export const linear: Curve = (v) => v;

/** IEC 61966-2-1. */
export const srgb: Curve = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);

/** From light to a sample: the inverse of `srgb`. */
export const srgbInverse: Curve = (l) => (l <= 0.0031308 ? l * 12.92 : 1.055 * l ** (1 / 2.4) - 0.055);

export function gamma(exponent: number): Curve {
  return (v) => Math.max(0, v) ** exponent;
}

/** BT.2020, and BT.709 taken literally (H.273, transfer characteristics 14 and 15; 1 and 6). */
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
 * The white of a page, or of a face in daylight, among brighter highlights, in cd/m² (BT.2408). It is 1 in the units of
 * a curve.
 */
export const REFERENCE_WHITE = 203;

/** Perceptual quantiser: the cd/m² of a sample, up to 10,000 (SMPTE ST 2084; H.273, 16). */
export const pq: Curve = (v) => {
  const root = Math.max(0, v) ** (1 / 78.84375);
  const light = Math.max(0, root - 0.8359375) / (18.8515625 - 18.6875 * root);
  return (light ** (1 / 0.1593017578125) * 10_000) / REFERENCE_WHITE;
};

/** Hybrid log-gamma: from a sample to light of the scene, 0–1 (BT.2100; H.273, 18). */
export const hlg: Curve = (v) => {
  if (v <= 0) return 0;
  return v <= 0.5 ? (v * v) / 3 : (Math.exp((v - 0.55991073) / 0.17883277) + 0.28466892) / 12;
};

/** The peak of the display for which HLG is converted, in cd/m², and the exponent of BT.2100 for it. */
export const HLG_PEAK = 1000;
export const HLG_SYSTEM_GAMMA = 1.2;

/** The meaning of the samples of a picture. */
export interface Colour {
  /** A name for people, such as `Display P3`. */
  readonly name: string;
  /** Curves from samples to light of red, green and blue. Grey uses the first. */
  readonly curves: readonly [Curve, Curve, Curve];
  /** The matrix from that light to linear light of sRGB. */
  readonly matrix: Matrix;
  /** Set if light may be brighter than white and has to be tone-mapped. */
  readonly highlights?: "PQ" | "HLG" | "float samples";
}

export const SRGB: Colour = { name: "sRGB", curves: [srgb, srgb, srgb], matrix: DIAGONAL };

/** Whether samples mean the same as in sRGB, to within a third of a level of 255. */
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
