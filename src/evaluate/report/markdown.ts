import { titleOf } from "./plot.ts";
import type { SetReport } from "./set-report.ts";
import { METHOD, type Report } from "./set-report.ts";
import { bdTable, bytesTable, pointsTable, studyTable, summaryTable, type Table } from "./tables.ts";

/** `report.md`: tables, and plots by the names of their files beside it. */
export function toMarkdown(report: Report): string {
  const { date, models, sets } = report;
  return [
    "# ZippyNet beside other codecs",
    `${date}; models ${models.map(({ number, name }) => `${number} (${name})`).join(", ")}. \`npm run report\` measures it again.`,
    "ZippyNet's bytes over other codecs' at equal PSNR:",
    toText(summaryTable(report)),
    ...sets.map(section),
    "## How it was measured",
    METHOD.map((sentence) => `- ${sentence}`).join("\n"),
    settingsOf(sets[0]!),
    "",
  ].join("\n\n");
}

/** Of the SVG files beside the Markdown. */
export function plotFile({ name }: SetReport, measure: "psnr" | "ssim"): string {
  return `${name}-${measure}.svg`;
}

function section(set: SetReport): string {
  return [
    `## ${titleOf(set)}`,
    `![PSNR over bytes](${plotFile(set, "psnr")})`,
    "Bytes at equal PSNR, and ZippyNet's over them:",
    toText(bytesTable(set)),
    "BD-rate of ZippyNet (less is better):",
    toText(bdTable(set)),
    "ZippyNet's points:",
    toText(pointsTable(set)),
    `![SSIM over bytes](${plotFile(set, "ssim")})`,
    "The study's table:",
    toText(studyTable(set)),
  ].join("\n\n");
}

function settingsOf({ peers }: SetReport): string {
  return peers.map(({ name, settings }) => `- ${name}: ${settings}`).join("\n");
}

function toText({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(" | ")} |`;
  return [line(head), `|${head.map((_, i) => (i === 0 ? "---|" : "--:|")).join("")}`, ...rows.map(line)].join(
    "\n",
  );
}

function escapeCell(text: string): string {
  return text.replace(/[\\|<*_`]/g, (character) => `\\${character}`);
}
