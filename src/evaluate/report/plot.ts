import type { Point } from "../measure/curve.ts";
import type { SetReport } from "./set-report.ts";

/** A curve of a plot. */
export interface Line {
  readonly name: string;
  /** A CSS colour. */
  readonly colour: string;
  /** SVG's `stroke-dasharray`; solid without. */
  readonly dash?: string;
  /** In pixels. */
  readonly width: number;
  /** In order of x, which is above 0. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Axes {
  readonly title: string;
  readonly x: string;
  readonly y: string;
}

interface Scale {
  readonly ticks: readonly number[];
  /** Place in pixels. */
  place(value: number): number;
}

const [WIDTH, HEIGHT] = [860, 440];
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 650, 34, 392];
const LEGEND = 666;
const LEGEND_LINE = 20;

/** An SVG picture of curves: x logarithmic, y linear, each axis as wide as the points. */
export function plot({ title, x: xTitle, y: yTitle }: Axes, lines: readonly Line[]): string {
  const points = lines.flatMap((line) => line.points);
  const x = logarithmic(
    points.map((point) => point.x),
    LEFT,
    RIGHT,
  );
  const y = linear(
    points.map((point) => point.y),
    BOTTOM,
    TOP,
  );
  const parts = [
    `<text x="${LEFT}" y="18" font-size="15" font-weight="bold">${escapeHtml(title)}</text>`,
    ...x.ticks.map((tick) => {
      const at = fixed(x.place(tick));
      return `<path class="grid" d="M${at} ${TOP}V${BOTTOM}"/><text x="${at}" y="${BOTTOM + 18}" text-anchor="middle">${tick}</text>`;
    }),
    ...y.ticks.map((tick) => {
      const at = fixed(y.place(tick));
      return `<path class="grid" d="M${LEFT} ${at}H${RIGHT}"/><text x="${LEFT - 8}" y="${at}" dy="4" text-anchor="end">${tick}</text>`;
    }),
    `<text x="${(LEFT + RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escapeHtml(xTitle)}</text>`,
    `<text transform="translate(16 ${(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(yTitle)}</text>`,
    ...lines.map((line) => drawn(line, x, y)),
    ...lines.map(({ name, ...line }, i) => {
      const at = TOP + 8 + i * LEGEND_LINE;
      return `<path d="M${LEGEND} ${at}h24" ${stroke(line)}/><text x="${LEGEND + 32}" y="${at + 4}">${escapeHtml(name)}</text>`;
    }),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escapeHtml(title)}" font-family="system-ui, sans-serif" font-size="12" fill="#222">`,
    "<style>.grid { stroke: #ddd; fill: none }</style>",
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...parts,
    "</svg>",
  ].join("\n");
}

function drawn(line: Line, x: Scale, y: Scale): string {
  const places = line.points.map((point) => `${fixed(x.place(point.x))} ${fixed(y.place(point.y))}`);
  const dots = line.points.map(
    (point, i) =>
      `<circle cx="${places[i]!.split(" ")[0]}" cy="${places[i]!.split(" ")[1]}" r="${1 + line.width}" fill="${line.colour}"><title>${escapeHtml(line.name)}: ${fixed(point.x)} bytes, ${point.y.toFixed(3)}</title></circle>`,
  );
  return `<path d="M${places.join("L")}" ${stroke(line)}/>${dots.join("")}`;
}

function stroke({ colour, dash, width }: Omit<Line, "name">): string {
  return `fill="none" stroke="${colour}" stroke-width="${width}"${dash ? ` stroke-dasharray="${dash}"` : ""}`;
}

/** Ticks at 1, 2 and 5 times powers of ten. */
function logarithmic(values: readonly number[], from: number, to: number): Scale {
  const [low, high] = [Math.log(Math.min(...values) / 1.1), Math.log(Math.max(...values) * 1.1)];
  const ticks = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]
    .flatMap((power) => [power, 2 * power, 5 * power])
    .filter((tick) => Math.log(tick) >= low && Math.log(tick) <= high);
  return { ticks, place: (value) => from + ((Math.log(value) - low) / (high - low)) * (to - from) };
}

/** Some five to ten round ticks, the outer ones at or beyond the values. */
function linear(values: readonly number[], from: number, to: number): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const rough = Math.max(most - least, 1e-6) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const [first, last] = [Math.floor(least / step), Math.ceil(most / step)];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(10)),
  );
  const [low, high] = [ticks[0]!, Math.max(ticks.at(-1)!, ticks[0]! + step)];
  return { ticks, place: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

function fixed(value: number): string {
  return value.toFixed(1);
}

/** Text for the content or a quoted attribute of HTML, XML or SVG. */
export function escapeHtml(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => names[character]!);
}

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
