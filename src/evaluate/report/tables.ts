import type { BdRate } from "../measure/curve.ts";
import { evenly } from "../measure/sets.ts";
import type { Report, SetReport } from "./set-report.ts";
import { meanRow, type Saved, type StudyRow } from "./study.ts";

/** Plain text; the first column is a name, the others are numbers. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Pictures of the study's table that have a row of their own. */
const STUDY_ROWS = 8;

/** Codecs that the first table is about: what most people use, and the least that any classical codec needs. */
const MAIN_PEERS = ["webp", "avif", "avif payload", "jpegxl"];

/** Our bytes over some codecs' at equal PSNR, mean of the set's levels: every set, every effort. */
export function summaryTable({ sets }: Pick<Report, "sets">): Table {
  const measured = new Set(sets.flatMap(({ peers }) => peers.map(({ name }) => name)));
  const names = MAIN_PEERS.filter((name) => measured.has(name));
  return {
    head: ["set", "size", "at dB", "effort", ...names.map((name) => `over ${name}`)],
    rows: sets.flatMap(({ name, size, decibels, own, peers }) =>
      own.map(({ effort }, i) => [
        name,
        size,
        decibels.join(", "),
        String(effort),
        ...names.map((codec) =>
          number(peers.find((peer) => peer.name === codec)?.against[i]?.meanRatio ?? null, 3),
        ),
      ]),
    ),
  };
}

/** Bytes of all codecs at the set's levels, and our bytes over theirs, at each effort. */
export function bytesTable({ own, peers, decibels }: SetReport): Table {
  return {
    head: [
      "codec",
      ...decibels.map((level) => `bytes at ${level} dB`),
      ...own.map(({ effort }) => `effort ${effort} over it`),
    ],
    rows: [
      ...own.map(({ name, at }) => [name, ...at.map((bytes) => number(bytes, 1)), ...own.map(() => "")]),
      ...peers.map(({ name, at, against }) => [
        name,
        ...at.map((bytes) => number(bytes, 1)),
        ...against.map(({ meanRatio }) => number(meanRatio, 3)),
      ]),
    ],
  };
}

/** Bjøntegaard's rate against each peer, and where it was taken. */
export function bdTable({ own, peers }: SetReport): Table {
  return {
    head: [
      "against",
      ...own.map(({ effort }) => `effort ${effort}, PSNR`),
      "over dB",
      ...own.map(({ effort }) => `effort ${effort}, SSIM`),
      "over SSIM",
    ],
    rows: peers
      .filter(({ against }) => against.some(({ psnr, ssim }) => psnr || ssim))
      .map(({ name, against }) => [
        name,
        ...against.map(({ psnr }) => percent(psnr)),
        interval(against[0]!.psnr, (level) => level.toFixed(1)),
        ...against.map(({ ssim }) => percent(ssim)),
        interval(against[0]!.ssim, (level) => (1 - 10 ** (-level / 10)).toFixed(3)),
      ]),
  };
}

/** The study's own table: some pictures, and the mean of all. */
export function studyTable({ study }: SetReport): Table {
  const rows = study.length === 1 ? study : [...evenly(study, STUDY_ROWS), meanRow(study)];
  return {
    head: [
      "picture",
      "original",
      "its JPEG quality",
      "mogrify 75",
      "re-saved at 95",
      ".npy of 56 numbers",
      "ZippyNet 50",
    ],
    rows: rows.map((row: StudyRow) => [
      row.name,
      row.original.toFixed(0),
      number(row.estimated ?? null, 0),
      saved(row.at75),
      saved(row.at95),
      row.npy.toFixed(0),
      saved(row.zippynet),
    ]),
  };
}

/** Our points, as they were measured. */
export function pointsTable({ own }: SetReport): Table {
  return {
    head: ["effort", "quality", "bytes", "PSNR", "SSIM", "kinds"],
    rows: own.flatMap(({ effort, points }) =>
      points.map(({ quality, bytes, psnr, ssim, kinds }) => [
        String(effort),
        String(quality),
        bytes.toFixed(1),
        psnr.toFixed(2),
        number(ssim ?? null, 4),
        Object.entries(kinds)
          .map(([kind, count]) => `${count} ${kind}`)
          .join(", "),
      ]),
    ),
  };
}

function saved({ bytes, psnr }: Saved): string {
  return `${bytes.toFixed(0)} (${psnr.toFixed(1)} dB)`;
}

function number(value: number | null, digits: number): string {
  return value?.toFixed(digits) ?? "–";
}

function percent(bd: BdRate | null): string {
  if (!bd) return "–";
  const text = Math.abs(bd.rate * 100).toFixed(1);
  return `${bd.rate < 0 ? "−" : "+"}${text} %`;
}

function interval(bd: BdRate | null, text: (level: number) => string): string {
  return bd ? `${text(bd.low)}–${text(bd.high)}` : "–";
}
