import { basename } from "node:path";
import type { Image } from "../codec/image.ts";
import { fromBlocks, inPictureUnit } from "../codec/network/autoencoder.ts";
import { levelOf } from "../codec/rate-distortion.ts";
import { batchOf, batchSize, centred } from "./data/batch.ts";
import { evenly } from "./data/images.ts";
import type { RunPlan, Sampling } from "./plan.ts";
import type { Trainer } from "./trainer.ts";

/** What the held-out images cost and look like at one size and quality. */
export interface HeldOutPoint {
  /** Name of the images' folder. */
  readonly set: string;
  readonly size: number;
  readonly quality: number;
  /** Mean estimated bytes of payload, with the prior in its integer arithmetic. */
  readonly bytes: number;
  /** Mean PSNR of 8-bit pixels, in decibels. */
  readonly psnr: number;
}

const SIZES: readonly number[] = [42, 64];
/** The most sizes that are evaluated; those that are drawn most often come first. */
const MOST_SIZES = 3;
const QUALITIES = [10, 40, 70, 100];
const MOST_IMAGES = 128;

/** Sides at which a run's held-out images are looked at: those that it is for, or 42 and 64. */
export function heldOutSizes({ sizes }: Sampling): readonly number[] {
  if (!sizes) return SIZES;
  const byShare = [...sizes].sort(([, a], [, b]) => b - a).map(([size]) => size);
  return byShare.slice(0, MOST_SIZES).sort((a, b) => a - b);
}

/** Evaluates the averaged weights on held-out images, folder by folder, at the run's sizes and some qualities. */
export function evaluateHeldOut(
  trainer: Trainer,
  images: readonly (readonly Image[])[],
  { folders, sampling }: Pick<RunPlan, "folders" | "sampling">,
): HeldOutPoint[] {
  const sizes = heldOutSizes(sampling);
  return images.flatMap((set, i) => evaluateSet(trainer, set, sizes, basename(folders[i]!)));
}

function evaluateSet(
  trainer: Trainer,
  images: readonly Image[],
  sizes: readonly number[],
  set: string,
): HeldOutPoint[] {
  const chosen = evenly(images, MOST_IMAGES);
  if (chosen.length === 0) return [];
  const points: HeldOutPoint[] = [];
  for (const size of sizes) {
    const scaled = chosen.map((image) => centred(image, size));
    for (const quality of QUALITIES) {
      let [bits, psnr] = [0, 0];
      const groups = grouped(scaled, batchSize(size));
      let group = 0;
      const batches = groups.map((batch) =>
        batchOf(batch, new Float32Array(batch.length).fill(levelOf(quality))),
      );
      trainer.evaluate(batches, (outcome) => {
        for (const each of outcome.bits.dataSync<"float32">()) bits += each;
        const blocks = outcome.xHat.dataSync<"float32">();
        const length = blocks.length / groups[group]!.length;
        groups[group]!.forEach((image, i) => {
          psnr += psnrOf(
            image,
            fromBlocks(inPictureUnit(blocks.subarray(i * length, (i + 1) * length)), size, size, false),
          );
        });
        group++;
      });
      points.push({ set, size, quality, bytes: bits / 8 / chosen.length, psnr: psnr / chosen.length });
    }
  }
  return points;
}

function psnrOf(a: Image, b: Image): number {
  let error = 0;
  for (let i = 0; i < a.data.length; i++) error += (a.data[i]! - b.data[i]!) ** 2;
  return 10 * Math.log10((255 ** 2 * a.data.length) / Math.max(error, 1));
}

function grouped<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
