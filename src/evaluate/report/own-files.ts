import { availableParallelism } from "node:os";
import { Worker, type WorkerOptions } from "node:worker_threads";
import type { Kind } from "../../codec/format/zn-file.ts";
import type { Image } from "../../codec/image.ts";
import type { Model } from "../../codec/model.ts";
import { psnr } from "../../codec/rate-distortion.ts";
import { decodePicture, type ModelSource } from "../../image/decode.ts";
import { encodePicture } from "../../image/encode.ts";
import { Pool } from "../../node/pool.ts";
import { finite } from "../curve.ts";
import { SSIM } from "./ssim.ts";

/** How good one of our files is. */
export interface OwnRow {
  readonly bytes: number;
  readonly psnr: number;
  readonly ssim: number;
  readonly kind: Kind;
}

/** A file of ours, decoded and compared with what it was made from. */
export interface OwnFile {
  readonly file: Uint8Array;
  readonly row: OwnRow;
}

export interface OwnTask {
  readonly image: Image;
  /** 0–9. */
  readonly effort: number;
  /** 1–100. */
  readonly quality: number;
}

/** Encodes with ZippyNet on all cores; threads start when there is work for them. */
export type Threads = Pool<OwnTask, OwnFile>;

export function openThreads(): Threads {
  const open = (options: WorkerOptions): Worker =>
    new Worker(new URL("./own-thread.ts", import.meta.url), options);
  return new Pool(open, { size: availableParallelism() });
}

/** Encodes as users would, whatever model or classical codec that takes. */
export async function ownFile(
  source: ModelSource,
  models: readonly Model[],
  { image, effort, quality }: OwnTask,
): Promise<OwnFile> {
  const { file, kind } = await encodePicture(models, image, { target: { kind: "quality", quality }, effort });
  const decoded = await decodePicture(source, file);
  const row = {
    bytes: file.length,
    psnr: finite(psnr(image, decoded)),
    ssim: SSIM.of(image, decoded),
    kind,
  };
  return { file, row };
}
