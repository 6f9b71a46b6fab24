import { type Block, outline } from "./outline.ts";
import { altOf, type PlotKind } from "./plots.ts";
import type { Report, SetReport } from "./report.ts";
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
      return [`![${altOf(block.plot)}](${plotFile(block.set, block.plot)})`];
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

function toTable({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeText).join(" | ")} |`;
  return [line(head), `|${head.map((_, i) => (i === 0 ? "---|" : "--:|")).join("")}`, ...rows.map(line)].join(
    "\n",
  );
}

function escapeText(text: string): string {
  return text.replace(/[\\|<*_`]/g, (character) => `\\${character}`);
}
