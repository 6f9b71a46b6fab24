/** Draws rate–distortion curves as an SVG, and lists them as a table. */

export interface Point {
  readonly bytes: number;
  /** dB */
  readonly psnr: number;
}

export interface Curve {
  readonly name: string;
  /** Class in the style sheet. */
  readonly style: "own" | "webp" | "jpeg";
  readonly points: readonly Point[];
}

const WIDTH = 420;
const HEIGHT = 260;
const LEFT = 34;
const BOTTOM = 34;
const RIGHT = 12;
const TOP = 10;
/** Bytes that are marked on the axis. */
const TICKS = [20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000];
const SVG = "http://www.w3.org/2000/svg";

/** Bytes to the right, logarithmic, dB upward. @param now what is shown beside the curves */
export function curveSvg(curves: readonly Curve[], now: Point | undefined): SVGSVGElement {
  const all = curves.flatMap(({ points }) => points).filter(({ psnr }) => Number.isFinite(psnr));
  const bytes = all.map((point) => point.bytes);
  const decibels = all.map((point) => point.psnr);
  const [least, most] = [Math.min(...bytes) * 0.9, Math.max(...bytes) * 1.1];
  const [low, high] = [Math.floor(Math.min(...decibels) - 2), Math.ceil(Math.max(...decibels) + 1)];
  const x = (value: number): number =>
    LEFT + (Math.log(value / least) / Math.log(most / least)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);

  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }) as SVGSVGElement;
  svg.setAttribute("aria-label", `Bytes against PSNR of ${curves.map(({ name }) => name).join(", ")}`);
  for (const tick of TICKS.filter((value) => value > least && value < most)) {
    svg.append(
      element("path", { class: "grid", d: `M${x(tick)} ${TOP}V${HEIGHT - BOTTOM}` }),
      text(tick.toLocaleString(), x(tick), HEIGHT - BOTTOM + 14, "middle"),
    );
  }
  const step = high - low > 24 ? 10 : high - low > 12 ? 5 : 2;
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) {
    svg.append(
      element("path", { class: "grid", d: `M${LEFT} ${y(tick)}H${WIDTH - RIGHT}` }),
      text(String(tick), LEFT - 6, y(tick) + 4, "end"),
    );
  }
  svg.append(text("bytes", WIDTH - RIGHT, HEIGHT - 4, "end"), text("dB", LEFT + 4, TOP + 10, "start"));
  for (const { name, style, points } of curves) {
    const shown = points.filter(({ psnr }) => Number.isFinite(psnr));
    const path = shown.map((point, i) => `${i === 0 ? "M" : "L"}${x(point.bytes)} ${y(point.psnr)}`).join("");
    svg.append(element("path", { class: `line ${style}`, d: path || "M0 0" }));
    for (const point of shown) {
      svg.append(
        element("circle", { class: style, cx: String(x(point.bytes)), cy: String(y(point.psnr)), r: "2.5" }),
      );
    }
    const [first] = shown;
    if (!first) continue;
    const label = text(name, x(first.bytes) + 4, y(first.psnr) + 16, "start");
    label.setAttribute("class", style);
    svg.append(label);
  }
  if (now && Number.isFinite(now.psnr)) {
    svg.append(
      element("circle", { class: "own now", cx: String(x(now.bytes)), cy: String(y(now.psnr)), r: "5" }),
    );
  }
  return svg;
}

/** The same numbers as a table, for readers who do not see the curves. */
export function curveTable(curves: readonly Curve[]): HTMLTableSectionElement {
  const body = document.createElement("tbody");
  const head = body.insertRow();
  for (const title of ["codec", "bytes", "dB"]) {
    const cell = document.createElement("th");
    cell.textContent = title;
    head.append(cell);
  }
  for (const { name, points } of curves) {
    for (const { bytes, psnr } of points) {
      const row = body.insertRow();
      for (const value of [name, bytes.toLocaleString(), psnr.toFixed(1)])
        row.insertCell().textContent = value;
    }
  }
  return body;
}

function element(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function text(content: string, x: number, y: number, anchor: "start" | "middle" | "end"): SVGElement {
  const made = element("text", { x: String(x), y: String(y), "text-anchor": anchor });
  made.textContent = content;
  return made;
}
