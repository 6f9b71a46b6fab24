import type { SheetCell, SheetRow } from "./equal-bytes.ts";
import { type Block, outline } from "./outline.ts";
import { escapeHtml } from "./plot.ts";
import { plotOf } from "./plots.ts";
import type { Report } from "./report.ts";
import type { Table } from "./tables.ts";

const STYLE = `
:root { color-scheme: light dark; --text: #222; --ground: #fff; --line: #ddd; --quiet: #555; --over: #a3160c }
@media (prefers-color-scheme: dark) {
  :root { --text: #ddd; --ground: #161618; --line: #3a3a3e; --quiet: #aaa; --over: #ff9a8f }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); max-width: 62rem; margin: 1.5rem auto; padding: 0 1rem }
h1 { font-size: 1.7rem; margin-bottom: 0.3rem }
h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem }
a { color: inherit }
nav { color: var(--quiet) }
nav a { display: inline-block; padding: 0.3rem 0.6rem 0.3rem 0 }
.wide { overflow-x: auto }
table { border-collapse: collapse; margin: 0.5rem 0 1rem; font-variant-numeric: tabular-nums }
th, td { padding: 0.25rem 0.8rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th { white-space: normal; vertical-align: bottom; font-size: 0.9rem }
th:first-child, td:first-child { text-align: left; padding-left: 0; position: sticky; left: 0; background: var(--ground) }
.plot { max-width: 100%; min-width: 34rem; height: auto; display: block }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 0.7rem; margin: 0.5rem 0 1.5rem }
figure { margin: 0 }
figure img { width: 100%; height: auto; image-rendering: pixelated; display: block }
figcaption { font-size: 0.85rem; line-height: 1.35; margin-top: 0.2rem }
.over { color: var(--over) }
summary { cursor: pointer; padding: 0.6rem 0; font-weight: 600 }
@media (max-width: 40rem) { .pictures { grid-template-columns: repeat(auto-fill, minmax(6rem, 1fr)) } }
`;

/** `report.html`: plots, pictures and tables in one file. */
export function toHtml(report: Report): string {
  const { title, blocks } = outline(report);
  const anchors = blocks.flatMap((block) => (block.kind === "heading" && block.anchor ? [block] : []));
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${title}</title>`,
    `<style>${STYLE}</style>`,
    "</head>",
    "<body>",
    `<h1>${title}</h1>`,
    `<nav>${anchors.map(({ anchor, text }) => `<a href="#${anchor}">${escapeHtml(text)}</a>`).join(" ")}</nav>`,
    "<p>Pictures at equal bytes: each codec's best of at most as many bytes as ZippyNet's, or, <span class=\"over\">where it has none so small</span>, its smallest.</p>",
    ...blocks.map(toText),
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function toText(block: Block): string {
  switch (block.kind) {
    case "text":
      return `<p>${escapeHtml(block.text)}</p>`;
    case "heading":
      return block.anchor
        ? `<h2 id="${block.anchor}">${escapeHtml(block.text)}</h2>`
        : `<h3>${escapeHtml(block.text)}</h3>`;
    case "list":
      return `<ul>${block.items.map((item) => `<li>${escapeHtml(item)}</li>`).join("")}</ul>`;
    case "table":
      return table(block.table);
    case "plot":
      return `<div class="wide">${plotOf(block.set, block.plot)}</div>`;
    case "pictures":
      return `${block.title && `<h3>${escapeHtml(block.title)}</h3>`}${block.rows.map(sheetRow).join("\n")}`;
    case "folded":
      return `<details><summary>${escapeHtml(block.title)}</summary>${block.blocks.map(toText).join("\n")}</details>`;
  }
}

function sheetRow({ name, bytes, cells }: SheetRow): string {
  return `<div class="pictures" role="group" aria-label="${escapeHtml(`${name}, ${bytes} bytes`)}">${cells.map(figure).join("")}</div>`;
}

function figure({ codec, bytes, psnr, tooLarge, png }: SheetCell): string {
  const size = `${bytes} bytes${psnr === undefined ? " of RGB" : ""}`;
  const label = psnr === undefined ? "" : `<br>${psnr.toFixed(1)} dB`;
  const marked = tooLarge ? `<span class="over">${size}</span>` : size;
  return `<figure><img src="${png}" alt="${escapeHtml(codec)}"><figcaption>${escapeHtml(codec)}<br>${marked}${label}</figcaption></figure>`;
}

function table({ head, rows }: Table): string {
  const cells = (tag: "th" | "td", row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table><thead>${cells("th", head)}</thead><tbody>${rows.map((row) => cells("td", row)).join("")}</tbody></table></div>`;
}
