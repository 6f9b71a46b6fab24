import type { Kind } from "../../codec/format/zn-file.ts";
import type { Image } from "../../codec/image.ts";
import { batches, split } from "../../image/batches.ts";
import { cached, hashImages } from "../cache.ts";
import { mean, type Point } from "../curve.ts";
import type { OwnRow } from "./own-files.ts";
import { SSIM } from "./ssim.ts";
import type { Threads } from "./threads.ts";

/** Means of many files, and how many are of each kind. */
export interface OwnPoint extends Point {
  readonly kinds: Readonly<Partial<Record<Kind, number>>>;
}

export interface OwnWish {
  readonly threads: Threads;
  /** What `ownVersion` tells. */
  readonly version: string;
  /** 0–9. */
  readonly effort: number;
  /** 1–100. */
  readonly quality: number;
}

/** Images of a task of a searching encoder, which gains little from many at once: an unfinished run loses no more. */
const SEARCHED = 4;

/** Encodes and decodes every image; results come in the order of the images, and are cached a batch at a time. */
export async function ownRows(
  { threads, version, effort, quality }: OwnWish,
  images: readonly Image[],
  onImages: (count: number) => void = () => undefined,
): Promise<OwnRow[]> {
  const rows = new Map<Image, OwnRow>();
  const whole = batches(images, (image) => image);
  const portions = effort === 0 ? whole : whole.flatMap((batch) => split(batch, SEARCHED));
  const work = portions.map(async (portion) => {
    const key = { own: version, effort, quality, similarity: SSIM.name, hash: hashImages(portion) };
    const made = await cached(key, async () => {
      const files = await threads.encode({ images: portion, effort, quality });
      return files.map(({ row }) => row);
    });
    portion.forEach((image, i) => {
      rows.set(image, made[i]!);
    });
    onImages(portion.length);
  });
  await Promise.all(work);
  return images.map((image) => rows.get(image)!);
}

export function pointOf(quality: number, rows: readonly OwnRow[]): OwnPoint {
  const kinds: Partial<Record<Kind, number>> = {};
  for (const { kind } of rows) kinds[kind] = (kinds[kind] ?? 0) + 1;
  return {
    quality,
    bytes: mean(rows.map(({ bytes }) => bytes)),
    psnr: mean(rows.map(({ psnr }) => psnr)),
    ssim: mean(rows.map(({ ssim }) => ssim)),
    kinds,
  };
}
