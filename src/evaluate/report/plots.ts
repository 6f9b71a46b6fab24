import { inLpips, inRank1, type Point } from "../measure/curve.ts";
import type { JudgedCurve } from "./coders.ts";
import { type Colour, type Line, plot } from "./plot.ts";
import type { SetReport } from "./report.ts";

/**
 * Codecs of the plots with few curves, as their peers are named: what most people use, AV1 without its container, and
 * what is learned.
 */
export const MAIN_PEERS: readonly string[] = ["webp", "avif payload", "avif", "mozjpeg", "hyperprior"];

/** A colour for each codec, by the beginning of its peers' names. */
const COLOURS: Readonly<Record<string, Colour>> = {
  mozjpeg: { light: "#8a6514", dark: "#d9b45b" },
  webp: { light: "#1768b3", dark: "#6fb6f5" },
  avif: { light: "#1b7a1b", dark: "#72c872" },
  jpeg2000: { light: "#6b6b6b", dark: "#a9a9a9" },
  jpegxl: { light: "#7b4fb0", dark: "#bd9ae6" },
  hyperprior: { light: "#0f7f7a", dark: "#5fd0c9" },
  thumbhash: { light: "#b8488f", dark: "#ec93cb" },
};

/** The colours of ZippyNet's curves, from the lowest effort to the highest. */
const OWN_COLOURS: readonly Colour[] = [
  { light: "#b2182b", dark: "#ff7b72" },
  { light: "#d6604d", dark: "#ffa28b" },
  { light: "#e58a68", dark: "#ffc9b5" },
];

/** Codecs tuned to PSNR, and payloads. */
const VARIANT = "7 4";
const PAYLOAD = "2 3";

/** The plots of a set that have something to show, in the order of a report. */
export function plotsOf(set: SetReport): PlotKind[] {
  const main: PlotKind[] = [
    "psnr",
    "ssim",
    ...(set.recognition ? (["rank1"] as const) : []),
    ...(set.perception ? (["lpips"] as const) : []),
  ];
  return allCurves(set).length > mainCurves(set).length ? [...main, "psnr-all", "ssim-all"] : main;
}

/** A plot of a set: every kind has an entry in `PLOTS`. */
export type PlotKind = "psnr" | "ssim" | "psnr-all" | "ssim-all" | "rank1" | "lpips";

interface Plot {
  readonly title: string;
  /** What stands for it where it is not seen. */
  readonly alt: string;
  readonly y: string;
  readonly of: (point: Point) => number;
  readonly curves: (set: SetReport) => readonly Measured[];
}

const PSNR = { title: "PSNR", alt: "PSNR over bytes", y: "PSNR in dB", of: ({ psnr }: Point) => psnr };
const SSIM = {
  title: "SSIM",
  alt: "SSIM over bytes",
  y: "SSIM of luma",
  of: ({ ssim = Number.NaN }: Point) => ssim,
};

const PLOTS: Readonly<Record<PlotKind, Plot>> = {
  psnr: { ...PSNR, curves: mainCurves },
  ssim: { ...SSIM, curves: mainCurves },
  "psnr-all": { ...PSNR, title: "PSNR, all codecs", alt: "PSNR over bytes, all codecs", curves: allCurves },
  "ssim-all": { ...SSIM, title: "SSIM, all codecs", alt: "SSIM over bytes, all codecs", curves: allCurves },
  rank1: {
    title: "recognised",
    alt: "Faces recognised over bytes",
    y: "nearest to its own original, in %",
    of: (point) => inRank1(point) * 100,
    curves: ({ recognition }) => judgedCurves(recognition!.curves.filter(({ points }) => points.length > 1)),
  },
  lpips: {
    title: "LPIPS",
    alt: "LPIPS over bytes",
    y: "LPIPS in dB, −10·log₁₀; more is better",
    of: inLpips,
    curves: ({ perception }) => judgedCurves(perception!.curves),
  },
};

/** An SVG picture. */
export function plotOf(set: SetReport, kind: PlotKind): string {
  const { title, y, of, curves } = PLOTS[kind];
  const lines = curves(set).map((curve) => ({
    ...curve,
    points: curve.points.map((point) => ({ x: point.bytes, y: of(point) })),
  }));
  return plot({ title: `${titleOf(set)}: ${title}`, x: "bytes a picture", y }, lines);
}

export function altOf(kind: PlotKind): string {
  return PLOTS[kind].alt;
}

export function titleOf({ name, images, size, tiles }: SetReport): string {
  const what = tiles ? "tile" : "picture";
  return `${name}, ${images} ${what}${images === 1 ? "" : "s"} of ${size} pixels`;
}

type Named = Omit<Line, "points">;
type Measured = Named & { readonly points: readonly Point[] };

/** Ours at the lowest effort, beside `MAIN_PEERS`. */
function mainCurves(set: SetReport): Measured[] {
  return allCurves(set).filter(({ name }) => name === set.own[0]!.name || MAIN_PEERS.includes(name));
}

function allCurves({ own, peers }: SetReport): Measured[] {
  return [
    ...own.map(({ name, points }, i) => ({ ...ownLine(name, i), points })),
    ...peers.map(({ name, points }) => ({ ...peerLine(name), points })),
  ];
}

/** Ours once or in both looks, and others. */
function judgedCurves(curves: readonly JudgedCurve[]): Measured[] {
  return curves.map(({ name, points }) => ({
    ...(name.startsWith("ZippyNet") ? ownLine(name, name.endsWith("natural") ? 1 : 0) : peerLine(name)),
    points,
  }));
}

function ownLine(name: string, effort: number): Named {
  return { name, colour: OWN_COLOURS[effort % OWN_COLOURS.length]!, width: 2.5 };
}

function peerLine(name: string): Named {
  const known = Object.entries(COLOURS).find(([beginning]) => name.startsWith(beginning));
  const colour = known?.[1] ?? { light: "#000", dark: "#fff" };
  const dash = dashOf(name);
  return { name, colour, width: 1.5, ...(dash && { dash }) };
}

function dashOf(name: string): string | undefined {
  if (name.endsWith("payload")) return PAYLOAD;
  return name.includes("-") ? VARIANT : undefined;
}
