import type { Kind } from "../codec/format/zn-file.ts";
import type { Image } from "../codec/image.ts";
import type { Model } from "../codec/model.ts";
import { encodePicture } from "../image/encode.ts";
import { finite, mean, type Point } from "./curve.ts";

/** How files are made. */
export interface OwnSettings {
  readonly models: readonly Model[];
  readonly effort: number;
  readonly classical: boolean;
}

/** A quality of our own: real files, and beside them what the tables estimate. */
export interface OwnPoint extends Point {
  /** Mean of the estimated payload, without the container, in bytes; of classical frames, their length. */
  readonly estimated: number;
  /** Most bytes that a file has above its estimate. */
  readonly mostOver: number;
  /** Of the worst image, in dB. */
  readonly leastPsnr: number;
  readonly bitsPerPixel: number;
  /** How many files are of each kind. */
  readonly kinds: Readonly<Partial<Record<Kind, number>>>;
}

/** A file and its tag and check. */
const CLASSICAL_HEADER = 2;

/** Encodes every image to a quality; the encoder decodes each file, and compares 8-bit pixels. */
export async function ownPoint(
  { models, effort, classical }: OwnSettings,
  images: readonly Image[],
  quality: number,
  onImages: (count: number) => void = () => undefined,
): Promise<OwnPoint> {
  const rows: { bytes: number; estimated: number; psnr: number; pixels: number }[] = [];
  const kinds: Partial<Record<Kind, number>> = {};
  for (const image of images) {
    const wish = { target: { kind: "quality", quality }, effort, classical } as const;
    const { file, kind, psnr, estimatedBits } = await encodePicture(models, image, wish);
    const estimated = estimatedBits === undefined ? file.length - CLASSICAL_HEADER : estimatedBits / 8;
    rows.push({ bytes: file.length, estimated, psnr: finite(psnr), pixels: image.width * image.height });
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    onImages(1);
    await new Promise(setImmediate); // lets a progress bar move and a signal through
  }
  const bytes = mean(rows.map((row) => row.bytes));
  return {
    quality,
    bytes,
    psnr: mean(rows.map((row) => row.psnr)),
    estimated: mean(rows.map((row) => row.estimated)),
    mostOver: Math.max(...rows.map((row) => row.bytes - row.estimated)),
    leastPsnr: Math.min(...rows.map((row) => row.psnr)),
    bitsPerPixel: (bytes * 8) / mean(rows.map((row) => row.pixels)),
    kinds,
  };
}
