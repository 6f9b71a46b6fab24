import type { Point } from "../curve.ts";
import { type Line, plot } from "./plot.ts";
import type { SetReport } from "./set-report.ts";

/** A colour a codec, by how its peers' names begin. */
const COLOURS = {
  mozjpeg: "#8c6d31",
  webp: "#1f77b4",
  avif: "#2ca02c",
  jpeg2000: "#7f7f7f",
  jpegxl: "#9467bd",
  thumbhash: "#e377c2",
} as const;

/** From the lowest effort to the highest. */
const OWN_COLOURS = ["#f4a582", "#d6604d", "#b2182b"];

/** Codecs tuned to PSNR, and payloads. */
const VARIANT = "7 4";
const PAYLOAD = "2 3";

/** Mean PSNR over mean bytes. */
export function psnrPlot(report: SetReport): string {
  const axes = { title: `${titleOf(report)}: PSNR`, x: "bytes a picture", y: "PSNR in dB" };
  return plot(
    axes,
    linesOf(report, ({ psnr }) => psnr),
  );
}

/** Mean SSIM over mean bytes. */
export function ssimPlot(report: SetReport): string {
  const axes = { title: `${titleOf(report)}: SSIM`, x: "bytes a picture", y: "SSIM of luma" };
  return plot(
    axes,
    linesOf(report, ({ ssim }) => ssim!),
  );
}

export function titleOf({ name, images, size, tiles }: SetReport): string {
  const what = tiles ? "tile" : "picture";
  return `${name}, ${images} ${what}${images === 1 ? "" : "s"} of ${size} pixels`;
}

function linesOf({ own, peers }: SetReport, y: (point: Point) => number): Line[] {
  const points = (all: readonly Point[]) => all.map((point) => ({ x: point.bytes, y: y(point) }));
  return [
    ...own.map((curve, i) => ({
      name: curve.name,
      colour: OWN_COLOURS[own.length === 1 ? 2 : i % OWN_COLOURS.length]!,
      width: 2.5,
      points: points(curve.points),
    })),
    ...peers.map((curve) => {
      const dash = dashOf(curve.name);
      const line = {
        name: curve.name,
        colour: colourOf(curve.name),
        width: 1.5,
        points: points(curve.points),
      };
      return dash ? { ...line, dash } : line;
    }),
  ];
}

function colourOf(name: string): string {
  return Object.entries(COLOURS).find(([beginning]) => name.startsWith(beginning))?.[1] ?? "#000";
}

function dashOf(name: string): string | undefined {
  if (name.endsWith("payload")) return PAYLOAD;
  return name.includes("-") ? VARIANT : undefined;
}
