import { decodeImages, encodeImages, type Model } from "../codec/codec.ts";
import type { Image } from "../codec/image.ts";
import { psnr } from "../codec/psnr.ts";
import { batches } from "../image/batches.ts";
import { mean, type Point } from "./curve.ts";

/** A quality of our own: real files, and beside them what the tables estimate. */
export interface OwnPoint extends Point {
  /** Mean of the estimated payload, without the container, in bytes. */
  readonly estimated: number;
  /** Most bytes that a file has above its estimate. */
  readonly mostOver: number;
  /** Of the worst image, in dB. */
  readonly leastPsnr: number;
  readonly bitsPerPixel: number;
}

/** Encodes every image at a quality, decodes the files, and compares 8-bit pixels. */
export async function ownPoint(
  model: Model,
  images: readonly Image[],
  quality: number,
  onImages: (count: number) => void = () => undefined,
): Promise<OwnPoint> {
  const rows: { bytes: number; estimated: number; psnr: number; pixels: number }[] = [];
  for (const batch of batches(images, (image) => image)) {
    const encoded = encodeImages(model, batch, quality);
    const decoded = decodeImages(
      model,
      encoded.map(({ file }) => file),
    );
    batch.forEach((image, i) => {
      const { file, estimatedBits } = encoded[i]!;
      rows.push({
        bytes: file.length,
        estimated: estimatedBits / 8,
        psnr: psnr(image, decoded[i]!),
        pixels: image.width * image.height,
      });
    });
    onImages(batch.length);
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
  };
}
