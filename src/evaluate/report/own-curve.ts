import type { Kind } from "../../codec/format/zn-file.ts";
import type { Image } from "../../codec/image.ts";
import { cached, hashImages } from "../cache.ts";
import { mean, type Point } from "../curve.ts";
import type { OwnRow, Threads } from "./own-files.ts";
import { SSIM } from "./ssim.ts";

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

/** Encodes and decodes every image; results come in the order of the images, and each is cached. */
export function ownRows(
  { threads, version, effort, quality }: OwnWish,
  images: readonly Image[],
  onImages: (count: number) => void = () => undefined,
): Promise<OwnRow[]> {
  return Promise.all(
    images.map(async (image) => {
      const key = { own: version, effort, quality, similarity: SSIM.name, hash: hashImages([image]) };
      const row = await cached(key, async () => (await threads.run({ image, effort, quality })).row);
      onImages(1);
      return row;
    }),
  );
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
