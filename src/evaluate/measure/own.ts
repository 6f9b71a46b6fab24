import { availableParallelism } from "node:os";
import type { Kind } from "../../codec/format/zn-file.ts";
import type { Image } from "../../codec/image.ts";
import type { Model } from "../../codec/model.ts";
import { psnr } from "../../codec/rate-distortion.ts";
import { mapInParallel } from "../../concurrency.ts";
import { decodePicture, type ModelSource } from "../../image/decode.ts";
import { encodePicture } from "../../image/encode.ts";
import { cached, hashImages } from "./cache.ts";
import { cappedPsnr, mean, type Point } from "./curve.ts";
import { type Metrics, meanScores, type Scores, scoresOf } from "./scores.ts";

/** How ZippyNet's files are made. */
export interface OwnSettings {
  /** 0–9. */
  readonly effort: number;
  /** Whether classical codecs may stand in. */
  readonly classical: boolean;
}

/** One file to be made and measured; plain data, so that it can be sent to a thread. */
export interface OwnTask {
  readonly image: Image;
  /** 1–100. */
  readonly quality: number;
  readonly settings: OwnSettings;
}

/** How good one of our files is. */
export interface OwnRow extends Scores {
  readonly bytes: number;
  /**
   * The payload that the model's tables estimate, without the container, in bytes; of a classical frame, its length.
   */
  readonly estimated: number;
  /** In dB; 60 without loss. */
  readonly psnr: number;
  readonly pixels: number;
  readonly kind: Kind;
}

/** A file of ours, decoded and compared with the image it was made from. */
export interface OwnFile {
  readonly file: Uint8Array;
  readonly row: OwnRow;
}

/** A point of our own curve. */
export interface OwnPoint extends Point {
  /** Mean of the estimates, in bytes. */
  readonly estimated: number;
  /** The most bytes by which a file exceeds its estimate. */
  readonly mostOver: number;
  /** PSNR of the worst image, in dB. */
  readonly leastPsnr: number;
  readonly bitsPerPixel: number;
  /** How many files are of each kind. */
  readonly kinds: Readonly<Partial<Record<Kind, number>>>;
}

/** Tag and check of a file that holds a classical frame. */
const CLASSICAL_HEADER = 2;

/** What does tasks: a pool of threads, or `hereRunner`. */
export interface Runner {
  run(task: OwnTask): Promise<OwnFile>;
}

/** Encodes an image to a quality, decodes the file and compares 8-bit pixels. */
export async function ownFile(
  source: ModelSource,
  models: readonly Model[],
  { image, quality, settings: { effort, classical } }: OwnTask,
  metrics?: Metrics,
): Promise<OwnFile> {
  const target = { kind: "quality", quality } as const;
  const { file, kind, estimatedBits } = await encodePicture(models, image, { target, effort, classical });
  const decoded = await decodePicture(source, file);
  const row = {
    bytes: file.length,
    estimated: estimatedBits === undefined ? file.length - CLASSICAL_HEADER : estimatedBits / 8,
    psnr: cappedPsnr(psnr(image, decoded)),
    ...(metrics && scoresOf(metrics, image, decoded)),
    pixels: image.width * image.height,
    kind,
  };
  return { file, row };
}

/** Does tasks in this thread. */
export function hereRunner(source: ModelSource, models: readonly Model[]): Runner {
  return {
    async run(task) {
      await new Promise(setImmediate); // lets a progress line move and a signal through
      return ownFile(source, models, task);
    },
  };
}

export interface CurveWish {
  readonly runner: Runner;
  readonly settings: OwnSettings;
  /** Files and rows are kept under this key; without one they are made anew. */
  readonly version?: string;
}

/** Our curve: a point a quality, in their order. */
export async function ownCurve(
  wish: CurveWish,
  images: readonly Image[],
  qualities: readonly number[],
  onImage: (done: number, total: number) => void = () => undefined,
): Promise<OwnPoint[]> {
  const jobs = qualities.flatMap((quality) => images.map((image) => ({ quality, image })));
  let done = 0;
  const rows = await mapInParallel(jobs, availableParallelism(), async ({ quality, image }) => {
    const { row } = await measuredFile(wish, image, quality);
    onImage(++done, jobs.length);
    return row;
  });
  return qualities.map((quality, i) =>
    pointOf(quality, rows.slice(i * images.length, (i + 1) * images.length)),
  );
}

/** Encodes and measures one image at one quality. */
export async function measuredFile(
  { runner, settings, version }: CurveWish,
  image: Image,
  quality: number,
): Promise<OwnFile> {
  if (version === undefined) return runner.run({ image, quality, settings });
  const key = { own: version, settings, quality, hash: hashImages([image]) };
  const { row, base64 } = await cached(key, async () => {
    const made = await runner.run({ image, quality, settings });
    return { row: made.row, base64: Buffer.from(made.file).toString("base64") };
  });
  return { row, file: new Uint8Array(Buffer.from(base64, "base64")) };
}

function pointOf(quality: number, rows: readonly OwnRow[]): OwnPoint {
  const kinds: Partial<Record<Kind, number>> = {};
  for (const { kind } of rows) kinds[kind] = (kinds[kind] ?? 0) + 1;
  const of = (pick: (row: OwnRow) => number): number => mean(rows.map(pick));
  const bytes = of((row) => row.bytes);
  return {
    quality,
    bytes,
    psnr: of((row) => row.psnr),
    ...meanScores(rows),
    estimated: of((row) => row.estimated),
    mostOver: Math.max(...rows.map((row) => row.bytes - row.estimated)),
    leastPsnr: Math.min(...rows.map((row) => row.psnr)),
    bitsPerPixel: (bytes * 8) / of((row) => row.pixels),
    kinds,
  };
}
