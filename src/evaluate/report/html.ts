import type { SheetCell, SheetRow } from "./equal-bytes.ts";
import { escapeHtml, psnrPlot, ssimPlot, titleOf } from "./plot.ts";
import type { SetReport } from "./set-report.ts";
import { METHOD, type Report } from "./set-report.ts";
import { bdTable, bytesTable, pointsTable, studyTable, summaryTable, type Table } from "./tables.ts";

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 3rem; border-top: 1px solid #ccc; padding-top: 1rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; font-variant-numeric: tabular-nums }
th, td { padding: 0.2rem 0.7rem; text-align: right; border-bottom: 1px solid #e5e5e5; white-space: nowrap }
th { white-space: normal; vertical-align: bottom }
th:first-child, td:first-child { text-align: left }
svg { max-width: 100%; height: auto }
figure { display: inline-block; margin: 0 0.7rem 0.7rem 0; vertical-align: top; width: 9rem }
figure img { width: 9rem; height: auto; image-rendering: pixelated; display: block }
figcaption { font-size: 0.8rem; line-height: 1.3 }
.over { color: #a00 }
`;

/** `report.html`: plots, pictures and tables in one file. */
export function toHtml(report: Report): string {
  const { date, models, sets } = report;
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    "<title>ZippyNet beside other codecs</title>",
    `<style>${STYLE}</style>`,
    "</head>",
    "<body>",
    "<h1>ZippyNet beside other codecs</h1>",
    `<p>${date}; models ${escapeHtml(models.map(({ number, name }) => `${number} (${name})`).join(", "))}.</p>`,
    `<ul>${sets.map((set) => `<li><a href="#${set.name}">${escapeHtml(titleOf(set))}</a></li>`).join("")}</ul>`,
    "<h2>ZippyNet's bytes over other codecs' at equal PSNR</h2>",
    table(summaryTable(report)),
    ...sets.map(section),
    "<h2>How it was measured</h2>",
    `<ul>${METHOD.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join("")}</ul>`,
    `<ul>${sets[0]!.peers.map(({ name, settings }) => `<li>${escapeHtml(`${name}: ${settings}`)}</li>`).join("")}</ul>`,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function section(set: SetReport): string {
  return [
    `<section id="${set.name}">`,
    `<h2>${escapeHtml(titleOf(set))}</h2>`,
    psnrPlot(set),
    "<h3>Bytes at equal PSNR, and ZippyNet's over them</h3>",
    table(bytesTable(set)),
    "<h3>BD-rate of ZippyNet</h3>",
    table(bdTable(set)),
    ssimPlot(set),
    "<h3>Pictures at equal bytes</h3>",
    "<p>Each codec's best picture of at most as many bytes as ZippyNet's, or, <span class=\"over\">marked</span>, its smallest.</p>",
    ...set.sheet.map(sheetRow),
    "<h3>The study's table</h3>",
    table(studyTable(set)),
    "<h3>ZippyNet's points</h3>",
    table(pointsTable(set)),
    "</section>",
  ].join("\n");
}

function sheetRow({ name, bytes, cells }: SheetRow): string {
  return `<div title="${escapeHtml(`${name}, ${bytes} bytes`)}">${cells.map(figure).join("")}</div>`;
}

function figure({ codec, bytes, psnr, tooLarge, png }: SheetCell): string {
  const size = `${bytes} bytes${psnr === undefined ? " of RGB" : ""}`;
  const label = psnr === undefined ? "" : `, ${psnr.toFixed(1)} dB`;
  const marked = tooLarge ? `<span class="over">${size}</span>` : size;
  return `<figure><img src="${png}" alt="${escapeHtml(codec)}"><figcaption>${escapeHtml(codec)}<br>${marked}${label}</figcaption></figure>`;
}

function table({ head, rows }: Table): string {
  const cells = (tag: "th" | "td", row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table><thead>${cells("th", head)}</thead><tbody>${rows.map((row) => cells("td", row)).join("")}</tbody></table></div>`;
}
