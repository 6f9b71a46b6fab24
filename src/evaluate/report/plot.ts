import { escapeHtml } from "./escape.ts";

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
