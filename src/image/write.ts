import type { Sharp } from "sharp";
import { ZippyNetError } from "../codec/errors.ts";
import { type Image, laidOnWhite } from "../codec/image.ts";
import { rawPixels } from "./raw.ts";

export const PICTURE_FORMATS = ["png", "webp", "avif", "jpeg"] as const;
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

export interface WriteOptions {
  /** 1–100 on the format's own scale; PNG has none. */
  readonly quality?: number;
}

/**
 * Qualities at which the second coding of a decoded picture does not show. Measured on faces of 42 and 64 pixels,
 * decoded at quality 60, against the decoded pixels: the mean, the worst of 16, and bytes a picture.
 * WebP's limit is its halved chroma, hence the careful subsampling; AVIF's efforts 1–4 differ by under 0.1 dB here
 * and fourfold in time.
 */
const TRANSPARENT_QUALITY = {
  webp: 97, // 43.0 dB, 40.2 dB, 1745 bytes
  avif: 92, // 42.8 dB, 41.0 dB, 1587 bytes
  jpeg: 95, // 42.5 dB, 40.7 dB, 2196 bytes
} as const;

/** From so many pixels on AVIF is written at effort 0: a sixth of the time, for 0.4 dB; a megapixel would take seconds. */
const MANY_PIXELS = 256 * 256;

/**
 * Pixels → an image file: PNG without loss, the others above 40 dB unless a quality is given; in JPEG, transparency is laid on
 * white. Throws `bad-option`.
 */
export async function writeImage(
  image: Image,
  format: PictureFormat,
  options: WriteOptions = {},
): Promise<Uint8Array> {
  assertOptions(format, options);
  const pixels = rawPixels(format === "jpeg" ? laidOnWhite(image) : image);
  const avifEffort = image.width * image.height < MANY_PIXELS ? 2 : 0;
  return new Uint8Array(await coded(pixels, format, options, avifEffort).toBuffer());
}

function coded(pixels: Sharp, format: PictureFormat, options: WriteOptions, avifEffort: number): Sharp {
  if (format === "png") return pixels.png({ compressionLevel: 9 });
  const quality = options.quality ?? TRANSPARENT_QUALITY[format];
  switch (format) {
    case "webp":
      return pixels.webp({ quality, smartSubsample: true, effort: 4 });
    case "avif":
      return pixels.avif({ quality, chromaSubsampling: "4:4:4", effort: avifEffort });
    case "jpeg":
      return pixels.jpeg({ quality, chromaSubsampling: "4:4:4", optimiseCoding: true });
  }
}

function assertOptions(format: PictureFormat, { quality }: WriteOptions): void {
  if (!PICTURE_FORMATS.includes(format)) {
    throw new ZippyNetError(
      "bad-option",
      `expected a format of ${PICTURE_FORMATS.join(", ")}, got ${format}`,
    );
  }
  if (quality === undefined) return;
  if (format === "png") throw new ZippyNetError("bad-option", "expected no quality for png, which has none");
  if (!Number.isInteger(quality) || quality < 1 || quality > 100) {
    throw new ZippyNetError("bad-option", `expected a quality of 1–100, got ${quality}`);
  }
}
