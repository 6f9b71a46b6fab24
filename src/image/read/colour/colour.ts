/** Three rows of three. */
export type Matrix = readonly [Vector, Vector, Vector];
export type Vector = readonly [number, number, number];

/** A chromaticity: x and y of CIE 1931. */
export type Point = readonly [x: number, y: number];

/** The chromaticities of an RGB space. */
export interface Primaries {
  readonly red: Point;
  readonly green: Point;
  readonly blue: Point;
  readonly white: Point;
}

export const D65: Point = [0.3127, 0.329];
/** The white of ICC profiles, as XYZ (ICC.1:2022, 7.2.16). */
const D50_XYZ: Vector = [0.9642, 1, 0.8249];

/** The primaries of BT.709 and sRGB. */
export const SRGB_PRIMARIES: Primaries = {
  red: [0.64, 0.33],
  green: [0.3, 0.6],
  blue: [0.15, 0.06],
  white: D65,
};

export const DIAGONAL: Matrix = diagonal([1, 1, 1]);

/**
 * The matrix from linear light of an RGB space to XYZ under D50: its primaries, adapted to that white with the matrix
 * of Bradford.
 */
function rgbToXyzD50({ red, green, blue, white }: Primaries): Matrix {
  const columns = transpose([direction(red), direction(green), direction(blue)]);
  const [x, y, z] = direction(white);
  const whiteXyz: Vector = [x / y, 1, z / y];
  const scale = apply(inverse(columns), whiteXyz);
  return multiply(adaptation(whiteXyz, D50_XYZ), multiply(columns, diagonal(scale)));
}

/** The matrix from XYZ under D50 to linear light of sRGB. */
export const XYZ_D50_TO_SRGB: Matrix = inverse(rgbToXyzD50(SRGB_PRIMARIES));

/** The matrix from linear light of an RGB space to linear light of sRGB. */
export function toSrgbMatrix(primaries: Primaries): Matrix {
  return multiply(XYZ_D50_TO_SRGB, rgbToXyzD50(primaries));
}

/** The inverse. Throws RangeError if there is none, because the primaries are on one line. */
export function inverse(m: Matrix): Matrix {
  const [[a, b, c], [d, e, f], [g, h, i]] = m;
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  if (!Number.isFinite(determinant) || Math.abs(determinant) < 1e-9)
    throw new RangeError("expected three primaries that span a space, got a matrix without an inverse");
  const over = (n: number): number => n / determinant;
  return [
    [over(e * i - f * h), over(c * h - b * i), over(b * f - c * e)],
    [over(f * g - d * i), over(a * i - c * g), over(c * d - a * f)],
    [over(d * h - e * g), over(b * g - a * h), over(a * e - b * d)],
  ];
}

export function multiply(left: Matrix, right: Matrix): Matrix {
  const columns = transpose(right);
  return left.map((row) => columns.map((column) => dot(row, column))) as unknown as Matrix;
}

export function apply(m: Matrix, v: Vector): Vector {
  return [dot(m[0], v), dot(m[1], v), dot(m[2], v)];
}

export function transpose([a, b, c]: Matrix): Matrix {
  return [
    [a[0], b[0], c[0]],
    [a[1], b[1], c[1]],
    [a[2], b[2], c[2]],
  ];
}

function diagonal([a, b, c]: Vector): Matrix {
  return [
    [a, 0, 0],
    [0, b, 0],
    [0, 0, c],
  ];
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** The XYZ of a chromaticity, at luminance 1. */
function direction([x, y]: Point): Vector {
  return [x, y, 1 - x - y];
}

/** Chromatic adaptation from one white to another (Bradford, as in ICC.1:2022, annex E). */
function adaptation(from: Vector, to: Vector): Matrix {
  const cones: Matrix = [
    [0.8951, 0.2664, -0.1614],
    [-0.7502, 1.7135, 0.0367],
    [0.0389, -0.0685, 1.0296],
  ];
  const [a, b] = [apply(cones, from), apply(cones, to)];
  return multiply(inverse(cones), multiply(diagonal([b[0] / a[0], b[1] / a[1], b[2] / a[2]]), cones));
}

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
