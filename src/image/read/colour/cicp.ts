import type { Colour } from "./colour.ts";
import {
  bt2020,
  type Curve,
  cinema,
  D65,
  gamma,
  hlg,
  linear,
  logarithmic,
  type Primaries,
  pq,
  SRGB_PRIMARIES,
  smpte240,
  srgb,
  toSrgbMatrix,
} from "./colour.ts";

/**
 * Coding-independent code points (ITU-T H.273): numbers for colour spaces, used by AVIF's `nclx`, PNG's `cICP` and AV1.
 */
export interface Cicp {
  readonly primaries: number;
  readonly transfer: number;
  /** The YUV matrix; 0 is RGB. Decoders undo it. */
  readonly matrix: number;
  readonly fullRange: boolean;
}

/** `undefined` if H.273 does not define a number. "Unspecified" means sRGB here, as in browsers (MIAF, 7.3.6.4). */
export function colourOf({ primaries, transfer }: Cicp): Colour | undefined {
  const gamut = PRIMARIES[primaries];
  const curve = TRANSFERS[transfer];
  if (!gamut || !curve) return undefined;
  return {
    name: nameOf(gamut.name, curve.name),
    curves: [curve.curve, curve.curve, curve.curve],
    matrix: toSrgbMatrix(gamut.primaries),
    ...(curve.highlights && { highlights: curve.highlights }),
  };
}

function nameOf(gamut: string, curve: string): string {
  if (gamut === "P3" && curve === "sRGB") return "Display P3";
  return gamut === curve
    ? gamut
    : `${gamut} with ${curve === "linear" ? "linear light" : `the ${curve} curve`}`;
}

const C: Primaries["white"] = [0.31, 0.316];
const SMPTE_C: Primaries = { red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07], white: D65 };

/** H.273, table 2. */
const PRIMARIES: Readonly<Record<number, { readonly name: string; readonly primaries: Primaries }>> = {
  1: { name: "sRGB", primaries: SRGB_PRIMARIES },
  2: { name: "sRGB", primaries: SRGB_PRIMARIES },
  4: {
    name: "BT.470 M",
    primaries: { red: [0.67, 0.33], green: [0.21, 0.71], blue: [0.14, 0.08], white: C },
  },
  5: {
    name: "BT.601 (625 lines)",
    primaries: { red: [0.64, 0.33], green: [0.29, 0.6], blue: [0.15, 0.06], white: D65 },
  },
  6: { name: "BT.601 (525 lines)", primaries: SMPTE_C },
  7: { name: "SMPTE 240M", primaries: SMPTE_C },
  8: {
    name: "generic film",
    primaries: { red: [0.681, 0.319], green: [0.243, 0.692], blue: [0.145, 0.049], white: C },
  },
  9: {
    name: "BT.2020",
    primaries: { red: [0.708, 0.292], green: [0.17, 0.797], blue: [0.131, 0.046], white: D65 },
  },
  10: { name: "XYZ", primaries: { red: [1, 0], green: [0, 1], blue: [0, 0], white: [1 / 3, 1 / 3] } },
  11: {
    name: "DCI-P3",
    primaries: { red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: [0.314, 0.351] },
  },
  12: { name: "P3", primaries: { red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: D65 } },
  22: {
    name: "EBU Tech. 3213",
    primaries: { red: [0.63, 0.34], green: [0.295, 0.605], blue: [0.155, 0.077], white: D65 },
  },
};

interface Transfer {
  readonly name: string;
  readonly curve: Curve;
  readonly highlights?: "PQ" | "HLG";
}

/**
 * H.273, table 3. The curves of BT.709 and BT.601 are read as sRGB's, as in browsers, because encoders for video give
 * these numbers to sRGB pictures.
 */
const TRANSFERS: Readonly<Record<number, Transfer>> = {
  1: { name: "sRGB", curve: srgb },
  2: { name: "sRGB", curve: srgb },
  4: { name: "gamma 2.2", curve: gamma(2.2) },
  5: { name: "gamma 2.8", curve: gamma(2.8) },
  6: { name: "sRGB", curve: srgb },
  7: { name: "SMPTE 240M", curve: smpte240 },
  8: { name: "linear", curve: linear },
  9: { name: "logarithmic", curve: logarithmic(2) },
  10: { name: "logarithmic", curve: logarithmic(2.5) },
  11: { name: "xvYCC", curve: bt2020 },
  12: { name: "BT.1361", curve: bt2020 },
  13: { name: "sRGB", curve: srgb },
  14: { name: "BT.2020", curve: bt2020 },
  15: { name: "BT.2020", curve: bt2020 },
  16: { name: "PQ", curve: pq, highlights: "PQ" },
  17: { name: "SMPTE 428", curve: cinema },
  18: { name: "HLG", curve: hlg, highlights: "HLG" },
};
