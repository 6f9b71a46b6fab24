import type { Kind } from "../../codec/file.ts";
import type { Image } from "../../codec/image.ts";
import { psnr } from "../../codec/psnr.ts";
import { batches } from "../../image/batches.ts";
import { decodePicture } from "../../image/decode.ts";
import { encodePictures } from "../../image/encode.ts";
import type { Models } from "../../model/folder.ts";
import { cached, hashImages } from "../cache.ts";
import { finite, mean, type Point } from "../curve.ts";
import { SSIM } from "./ssim.ts";

/** One of our files. */
export interface OwnRow {
  readonly bytes: number;
  readonly psnr: number;
  readonly ssim: number;
  readonly kind: Kind;
}

/** Means of many, and how many are of each kind. */
export interface OwnPoint extends Point {
  readonly kinds: Readonly<Partial<Record<Kind, number>>>;
}

export interface OwnWish {
  readonly models: Models;
  /** What `ownVersion` tells. */
  readonly version: string;
  /** 0–9. */
  readonly effort: number;
  /** 1–100. */
  readonly quality: number;
}

/**
 * Encodes every image to a quality as users would, whatever model or classical codec that takes, and decodes the files. Results come
 * in the order of the images, and are cached a batch at a time.
 */
export async function ownRows(
  wish: OwnWish,
  images: readonly Image[],
  onImages: (count: number) => void = () => undefined,
): Promise<OwnRow[]> {
  const { version, effort, quality } = wish;
  const rows = new Map<Image, OwnRow>();
  for (const batch of batches(images, (image) => image)) {
    const key = { own: version, effort, quality, similarity: SSIM.name, hash: hashImages(batch) };
    const made = await cached(key, () => encodeBatch(wish, batch));
    batch.forEach((image, i) => {
      rows.set(image, made[i]!);
    });
    onImages(batch.length);
    await new Promise(setImmediate); // lets a signal through
  }
  return images.map((image) => rows.get(image)!);
}

async function encodeBatch({ models, effort, quality }: OwnWish, batch: readonly Image[]): Promise<OwnRow[]> {
  const wish = { target: { kind: "quality", quality }, effort } as const;
  const encoded = await encodePictures(await models.choose("auto"), batch, wish);
  const rows: OwnRow[] = [];
  for (const [i, made] of encoded.entries()) {
    if (made instanceof Error) throw made;
    const decoded = await decodePicture(models, made.file);
    rows.push({
      bytes: made.file.length,
      psnr: finite(psnr(batch[i]!, decoded)),
      ssim: SSIM.of(batch[i]!, decoded),
      kind: made.kind,
    });
  }
  return rows;
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
