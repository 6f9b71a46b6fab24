/** A curve of a plot. */
export interface Line {
  readonly name: string;
  readonly colour: Colour;
  /** SVG's `stroke-dasharray`; solid without. */
  readonly dash?: string;
  /** In pixels. */
  readonly width: number;
  /** In order of x, which is above 0. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** CSS colours, on white and on black. */
export interface Colour {
  readonly light: string;
  readonly dark: string;
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

interface Place {
  readonly x: number;
  readonly y: number;
}

const [WIDTH, HEIGHT] = [720, 440];
const [LEFT, TOP, BOTTOM] = [56, 34, 392];
/** Where the curves end, with their names at the lines, and with a legend beside them. */
const RIGHT = { labelled: 704, legend: 520 };
const LEGEND_LINE = 20;
/** Below the lowest point, for the names of curves that begin there. */
const ROOM = 40;
const LABEL_HEIGHT = 15;
/** The mean width of a letter. */
const LETTER_WIDTH = 7.6;

/** So many curves have their names where they begin; more have a legend. */
const MAX_LABELLED = 5;

/** `currentColor` of what is drawn is the attribute `color`; in the dark a rule of CSS is stronger. */
const STYLE = `
.plot .grid { stroke: #ddd; fill: none }
@media (prefers-color-scheme: dark) {
  .plot { fill: #ddd }
  .plot .ground { fill: #161618 }
  .plot .grid { stroke: #3a3a3e }
  .plot .line { color: var(--dark) }
}`;

/** An SVG picture of curves, for light and dark: x logarithmic, y linear, each axis as wide as the points. */
export function plot({ title, x: xTitle, y: yTitle }: Axes, lines: readonly Line[]): string {
  const labelled = lines.length <= MAX_LABELLED;
  const right = labelled ? RIGHT.labelled : RIGHT.legend;
  const points = lines.flatMap((line) => line.points);
  const x = logarithmic(
    points.map((point) => point.x),
    LEFT,
    right,
  );
  const y = linear(
    points.map((point) => point.y),
    labelled ? BOTTOM - ROOM : BOTTOM,
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
      return `<path class="grid" d="M${LEFT} ${at}H${right}"/><text x="${LEFT - 8}" y="${at}" dy="4" text-anchor="end">${tick}</text>`;
    }),
    `<text x="${(LEFT + right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escapeHtml(xTitle)}</text>`,
    `<text transform="translate(16 ${(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(yTitle)}</text>`,
    ...lines.map((line) => coloured(line, drawn(line, x, y))),
    ...(labelled ? labels(lines, x, y) : legend(lines)),
  ];
  return [
    `<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escapeHtml(title)}" font-family="system-ui, sans-serif" font-size="13" fill="#222">`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...parts,
    "</svg>",
  ].join("\n");
}

function coloured({ colour: { light, dark } }: Line, content: string): string {
  return `<g class="line" color="${light}" style="--dark:${dark}">${content}</g>`;
}

function drawn(line: Line, x: Scale, y: Scale): string {
  const places = line.points.map((point) => ({ x: fixed(x.place(point.x)), y: fixed(y.place(point.y)) }));
  const dots = line.points.map((point, i) => {
    const title = `${escapeHtml(line.name)}: ${fixed(point.x)} bytes, ${point.y.toFixed(3)}`;
    return `<circle cx="${places[i]!.x}" cy="${places[i]!.y}" r="${1 + line.width}" fill="currentColor"><title>${title}</title></circle>`;
  });
  return `<path d="M${places.map((place) => `${place.x} ${place.y}`).join("L")}" ${stroke(line)}/>${dots.join("")}`;
}

function stroke({ dash, width }: Pick<Line, "dash" | "width">): string {
  return `fill="none" stroke="currentColor" stroke-width="${width}"${dash ? ` stroke-dasharray="${dash}"` : ""}`;
}

function legend(lines: readonly Line[]): string[] {
  const left = RIGHT.legend + 16;
  return lines.map((line, i) => {
    const at = TOP + 8 + i * LEGEND_LINE;
    const sample = coloured(line, `<path d="M${left} ${at}h24" ${stroke(line)}/>`);
    return `${sample}<text x="${left + 32}" y="${at + 4}">${escapeHtml(line.name)}</text>`;
  });
}

/**
 * Names below the beginnings of the curves, from left to right; further down where another name is in the way. Curves
 * rise to the right, so nothing else is drawn there.
 */
function labels(lines: readonly Line[], x: Scale, y: Scale): string[] {
  const placed: (Place & { readonly half: number })[] = [];
  return lines
    .toSorted((a, b) => a.points[0]!.x - b.points[0]!.x)
    .map((line) => {
      const half = (line.name.length * LETTER_WIDTH) / 2;
      const from = x.place(line.points[0]!.x);
      const middle = Math.min(Math.max(from, LEFT + half + 4), RIGHT.labelled - half - 4);
      const above = line.points.filter((point) => x.place(point.x) < middle + half + 8);
      let down = Math.max(...above.map((point) => y.place(point.y))) + LABEL_HEIGHT + 4;
      const meets = (other: (typeof placed)[number]): boolean =>
        Math.abs(other.x - middle) < other.half + half + 6 && Math.abs(other.y - down) < LABEL_HEIGHT;
      while (placed.some(meets)) down += 2;
      placed.push({ x: middle, y: down, half });
      const text = `<text x="${fixed(middle)}" y="${fixed(down)}" text-anchor="middle" font-weight="600" fill="currentColor">${escapeHtml(line.name)}</text>`;
      return coloured(line, text);
    });
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
