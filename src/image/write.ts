import { assertWithin, ZippyNetError } from "../codec/errors.ts";
import { type Image, laidOnWhite } from "../codec/image.ts";
import {
  isPictureFormat,
  type OutputFormat,
  PICTURE_FORMAT_NAMES,
  PICTURE_FORMATS,
  type PictureFormat,
} from "./formats.ts";
import { rawPixels } from "./raw.ts";

export interface WriteOptions {
  /** 1–100 on the scale of the format; PNG has none. */
  readonly quality?: number;
}

/** From how many pixels on time matters: a megapixel would take AVIF seconds at its usual effort. */
const MANY_PIXELS = 256 * 256;

/**
 * Writes an image file: PNG without loss, the others above 40 dB unless a quality is given. JPEG puts transparent
 * pixels on white. Throws `bad-option`, or `too-large` if a side is longer than the format can have.
 */
export async function writeImage(
  image: Image,
  format: PictureFormat,
  options: WriteOptions = {},
): Promise<Uint8Array> {
  assertOptions(format, options);
  const { alpha, quality, maxSide, write }: OutputFormat = PICTURE_FORMATS[format];
  const { width, height } = image;
  if (Math.max(width, height) > maxSide)
    throw new ZippyNetError(
      "too-large",
      `expected sides of at most ${maxSide} pixels for ${format}, got ${width}×${height}`,
    );
  const pixels = rawPixels(alpha ? image : laidOnWhite(image));
  const many = width * height >= MANY_PIXELS;
  return new Uint8Array(await write(pixels, options.quality ?? quality ?? 100, many).toBuffer());
}

function assertOptions(format: PictureFormat, { quality }: WriteOptions): void {
  if (!isPictureFormat(format)) {
    throw new ZippyNetError(
      "bad-option",
      `expected a format of ${PICTURE_FORMAT_NAMES.join(", ")}, got ${format}`,
    );
  }
  if (quality === undefined) return;
  if (PICTURE_FORMATS[format].quality === undefined) {
    throw new ZippyNetError("bad-option", `expected no quality for ${format}, which has none`);
  }
  assertWithin("quality", quality, 1, 100);
}
