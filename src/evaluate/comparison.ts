import { bytesAtLevels, type Curve, ratios } from "./measure/curve.ts";
import type { OwnPoint } from "./measure/own.ts";

/** Bytes of one codec at the levels asked for; null where its curve does not reach. */
export interface Levels {
  readonly at: readonly (number | null)[];
  /** Our bytes over this codec's, at each level and their mean; null where one of them is. */
  readonly ratio: readonly (number | null)[];
  readonly meanRatio: number | null;
}

/** Our own curve. */
export interface OwnCurve extends Curve {
  readonly points: readonly OwnPoint[];
}

export interface Comparison {
  readonly images: number;
  /** `42×42`, or `various`. */
  readonly size: string;
  /** The models that files were chosen from. */
  readonly models: readonly { readonly number: number; readonly name: string }[];
  /** 0–9. */
  readonly effort: number;
  /** How bytes at a level are found. */
  readonly method: string;
  /** Levels, in dB. */
  readonly decibels: readonly number[];
  readonly own: OwnCurve & Levels;
  readonly peers: readonly (Curve & Levels)[];
}

export const METHOD =
  "real files, encoded and decoded; PSNR over all RGB samples of 8-bit pixels, mean of the images, of which one without loss counts as 60 dB; " +
  "bytes of whole files (or payloads), mean; bytes at a level by monotone cubic interpolation of log bytes over PSNR of these means";

/** Reads all curves off at the levels and divides. */
export function compare(
  own: OwnCurve,
  peers: readonly Curve[],
  decibels: readonly number[],
): Pick<Comparison, "own" | "peers"> {
  const ours = bytesAtLevels(own.points, decibels);
  const beside = <C extends Curve>(curve: C): C & Levels => {
    const at = bytesAtLevels(curve.points, decibels);
    return { ...curve, at, ...ratios(ours, at) };
  };
  return { own: beside(own), peers: peers.map((peer) => beside(peer)) };
}

/** Two tables for people: our points, and everyone at the levels. */
export function toText({ images, size, models, effort, decibels, own, peers }: Comparison): string {
  const points = [
    ["quality", "bytes", "bits/pixel", "PSNR", "worst", "estimated", "kinds"],
    ...own.points.map((point) => [
      String(point.quality),
      point.bytes.toFixed(1),
      point.bitsPerPixel.toFixed(3),
      point.psnr.toFixed(2),
      point.leastPsnr.toFixed(2),
      point.estimated.toFixed(1),
      Object.entries(point.kinds)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(", "),
    ]),
  ];
  const dash = (value: number | null, digits: number): string => value?.toFixed(digits) ?? "–";
  const levels = [
    ["codec", ...decibels.map((level) => `${level} dB`), ...decibels.map(() => "ratio"), "mean"],
    ...[own, ...peers].map(({ name, at, ratio, meanRatio }) => [
      name,
      ...at.map((bytes) => dash(bytes, 1)),
      ...ratio.map((value) => dash(value, 3)),
      dash(meanRatio, 3),
    ]),
  ];
  return [
    `${images} ${images === 1 ? "image" : "images"} of ${size} pixels, ${models.length === 1 ? "model" : "models"} ${models.map(({ number, name }) => `${number} (${name})`).join(", ")}, effort ${effort}`,
    "",
    ...align(points),
    "",
    "bytes at a PSNR, and ours over theirs",
    "",
    ...align(levels),
    "",
    ...peers.map(({ name, settings }) => `${name}: ${settings}`),
    METHOD,
  ].join("\n");
}

/** The first column to the left, the others to the right. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]! + 2))).join(""),
  );
}
