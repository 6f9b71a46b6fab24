import { evenly } from "../../train/data/images.ts";
import { type BdRate, bytesAt, inLpips, inRank1 } from "../measure/curve.ts";
import { METRICS } from "../measure/metrics.ts";
import { SCORES } from "../measure/scores.ts";
import type { JudgedCurve } from "./coders.ts";
import type { Perception } from "./perception.ts";
import type { Recognition } from "./recognition.ts";
import type { Report, SetReport } from "./report.ts";
import { meanRow, type Saved, type StudyRow } from "./study.ts";

/** Plain text; the first column is a name, the others are numbers. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Shown where nothing is known. */
const NOTHING = "–";

/** Pictures of the study's table that have a row of their own. */
const STUDY_ROWS = 8;

/**
 * Codecs that the first table is about: what most people use, the least that any classical codec needs, and what is
 * learned.
 */
const SUMMARY_PEERS = ["mozjpeg", "webp", "avif", "avif payload", "jpegxl", "hyperprior"];

/** Shares of recognised faces that bytes are given for. */
const RANK1_LEVELS = [0.5, 0.75, 0.9, 0.95];

/** LPIPS that bytes are given for. */
const LPIPS_LEVELS = [0.2, 0.15, 0.1, 0.07, 0.05];

/** Our bytes over some codecs' at equal PSNR, mean of the set's levels: every set, every effort. */
export function summaryTable({ sets }: Pick<Report, "sets">): Table {
  const measured = new Set(sets.flatMap(({ peers }) => peers.map(({ name }) => name)));
  const names = SUMMARY_PEERS.filter((name) => measured.has(name));
  const titles = ["set", "size", "at dB", "effort"];
  return withoutNothing(titles.length, {
    head: [...titles, ...names.map((name) => `over ${name}`)],
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
  });
}

/** Bytes of all codecs at the set's levels, and our bytes over theirs, at each effort. */
export function bytesTable({ own, peers, decibels }: SetReport): Table {
  return withoutNothing(1, {
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
  });
}

/** Bjøntegaard's rate against each peer, and where it was taken. */
export function bdTable({ own, peers }: SetReport): Table {
  return withoutNothing(1, {
    head: [
      "against",
      ...own.map(({ effort }) => `effort ${effort}, PSNR`),
      "over dB",
      ...own.map(({ effort }) => `effort ${effort}, SSIM`),
      "over SSIM",
    ],
    rows: peers.map(({ name, against }) => [
      name,
      ...against.map(({ psnr }) => percent(psnr)),
      interval(against[0]!.psnr, (level) => level.toFixed(1)),
      ...against.map(({ ssim }) => percent(ssim)),
      interval(against[0]!.ssim, (level) => (1 - 10 ** (-level / 10)).toFixed(3)),
    ]),
  });
}

/** The study's own table: some pictures, and the mean of all. */
export function studyTable({ study }: SetReport): Table {
  const rows = study.length === 1 ? study : [...evenly(study, STUDY_ROWS), meanRow(study)];
  return withoutNothing(1, {
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
  });
}

/** Bytes at which so many faces are recognised. */
export function samePersonTable({ curves }: Recognition): Table {
  return withoutNothing(2, {
    head: ["codec", "its smallest file", ...RANK1_LEVELS.map((level) => `bytes for ${whole(level)}`)],
    rows: curves.map(({ name, points }) => [
      name,
      `${points[0]!.bytes.toFixed(0)} bytes: ${whole(points[0]!.rank1!)}`,
      ...RANK1_LEVELS.map((level) => number(bytesForRank1(points, level), 0)),
    ]),
  });
}

/** Read off the curve, or of the smallest file if that already does as well; null where the curve does not reach. */
export function bytesForRank1(points: JudgedCurve["points"], level: number): number | null {
  const smallest = points[0]!;
  return smallest.rank1! >= level ? smallest.bytes : (bytesAt(points, level, inRank1) ?? null);
}

/** Bytes at which pictures look so different from their originals. */
export function sameLookTable({ curves }: Perception): Table {
  return withoutNothing(1, {
    head: ["codec", ...LPIPS_LEVELS.map((level) => `bytes at LPIPS ${level}`)],
    rows: curves.map(({ name, points }) => [
      name,
      ...LPIPS_LEVELS.map((level) => number(bytesAt(points, inLpips({ lpips: level }), inLpips) ?? null, 0)),
    ]),
  });
}

/** LPIPS at every quality that was measured. */
export function lpipsTable({ curves }: Perception): Table {
  return {
    head: ["codec", "quality", "bytes", "PSNR", "LPIPS"],
    rows: curves.flatMap(({ name, points }) =>
      points.map(({ quality, bytes, psnr, lpips }) => [
        name,
        String(quality),
        bytes.toFixed(1),
        psnr.toFixed(2),
        lpips!.toFixed(3),
      ]),
    ),
  };
}

/** Faces at every quality that was measured. */
export function facesTable({ curves }: Recognition): Table {
  return {
    head: ["codec", "quality", "bytes", "PSNR", "recognised", "distance to its original"],
    rows: curves.flatMap(({ name, points }) =>
      points.map(({ quality, bytes, psnr, rank1, distance }) => [
        name,
        String(quality),
        bytes.toFixed(1),
        psnr.toFixed(2),
        whole(rank1!),
        distance!.toFixed(3),
      ]),
    ),
  };
}

/** Our points, as they were measured. */
export function pointsTable({ own }: SetReport): Table {
  return {
    head: ["effort", "quality", "bytes", "PSNR", ...SCORES.map((name) => METRICS[name].title), "kinds"],
    rows: own.flatMap(({ effort, points }) =>
      points.map(({ quality, bytes, psnr, kinds, ...scores }) => [
        String(effort),
        String(quality),
        bytes.toFixed(1),
        psnr.toFixed(2),
        ...SCORES.map((name) => number(scores[name] ?? null, METRICS[name].digits)),
        Object.entries(kinds)
          .map(([kind, count]) => `${count} ${kind}`)
          .join(", "),
      ]),
    ),
  };
}

/**
 * A table without its empty rows and columns. @param titles how many columns on the left do not count, as they are
 * titles
 */
export function withoutNothing(titles: number, { head, rows }: Table): Table {
  const isFilled = (cell: string): boolean => cell !== NOTHING && cell !== "";
  const kept = rows.filter((row) => row.slice(titles).some(isFilled));
  const columns = head.map((_, column) => column < titles || kept.some((row) => isFilled(row[column]!)));
  const cut = (row: readonly string[]): string[] => row.filter((_, column) => columns[column]);
  return { head: cut(head), rows: kept.map(cut) };
}

function saved({ bytes, psnr }: Saved): string {
  return `${bytes.toFixed(0)} (${psnr.toFixed(1)} dB)`;
}

function number(value: number | null, digits: number): string {
  return value?.toFixed(digits) ?? NOTHING;
}

function whole(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function percent(bd: BdRate | null): string {
  if (!bd) return NOTHING;
  const text = Math.abs(bd.rate * 100).toFixed(1);
  return `${bd.rate < 0 ? "−" : "+"}${text} %`;
}

function interval(bd: BdRate | null, text: (level: number) => string): string {
  return bd ? `${text(bd.low)}–${text(bd.high)}` : NOTHING;
}
