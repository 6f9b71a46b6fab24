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
export function rgbToXyzD50({ red, green, blue, white }: Primaries): Matrix {
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
