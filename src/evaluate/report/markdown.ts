import type { PlotKind } from "./curves.ts";
import { type Block, outline } from "./outline.ts";
import type { Report } from "./report.ts";
import type { SetReport } from "./set-report.ts";
import type { Table } from "./tables.ts";

/** `report.md`: tables, and plots by the names of their files beside it. */
export function toMarkdown(report: Report): string {
  const { title, blocks } = outline(report);
  return `${[`# ${title}`, ...blocks.flatMap(toText)].join("\n\n")}\n`;
}

/** The name of the SVG file of a plot, beside the Markdown. */
export function plotFile({ name }: SetReport, kind: PlotKind): string {
  return `${name}-${kind}.svg`;
}

function toText(block: Block): string[] {
  switch (block.kind) {
    case "text":
      return [escapeText(block.text)];
    case "heading":
      return [`${block.anchor ? "##" : "###"} ${block.text}`];
    case "list":
      return [block.items.map((item) => `- ${item}`).join("\n")];
    case "table":
      return [toTable(block.table)];
    case "plot":
      return [`![${NAMES[block.plot]}](${plotFile(block.set, block.plot)})`];
    case "pictures":
      return [];
    case "folded": {
      const inner = block.blocks.flatMap(toText);
      return inner.length === 0
        ? []
        : [`<details>\n<summary>${escapeText(block.title)}</summary>`, ...inner, "</details>"];
    }
  }
}

const NAMES: Readonly<Record<PlotKind, string>> = {
  psnr: "PSNR over bytes",
  ssim: "SSIM over bytes",
  "psnr-all": "PSNR over bytes, all codecs",
  "ssim-all": "SSIM over bytes, all codecs",
  rank1: "Faces recognised over bytes",
  lpips: "LPIPS over bytes",
};

function toTable({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeText).join(" | ")} |`;
  return [line(head), `|${head.map((_, i) => (i === 0 ? "---|" : "--:|")).join("")}`, ...rows.map(line)].join(
    "\n",
  );
}

function escapeText(text: string): string {
  return text.replace(/[\\|<*_`]/g, (character) => `\\${character}`);
}
