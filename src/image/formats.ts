import type { Sharp } from "sharp";
import { MAX_WEBP_SIDE } from "../codec/format/webp.ts";

/**
 * How a format is written, and its names. This table is the only one; library, command line, service and CDN read it.
 */
export interface OutputFormat {
  readonly mediaType: string;
  /** File extension, without a dot. */
  readonly extension: string;
  /** The default quality, 1–100 on the scale of the format; undefined if every file is lossless. */
  readonly quality: number | undefined;
  /** Whether pixels may be transparent. */
  readonly alpha: boolean;
  /** The longest side that it can have, in pixels. */
  readonly maxSide: number;
  /** @param many whether the picture has so many pixels that time matters */
  write(pixels: Sharp, quality: number, many: boolean): Sharp;
}

/**
 * The formats that decoded pictures are written in. The first one is sent to clients that accept anything.
 *
 * The default qualities are those at which coding a decoded picture again does not show. They were measured on faces of
 * 42 and 64 pixels, decoded at quality 60, against the decoded pixels; the comments give the mean PSNR, the worst of
 * 16, and bytes a picture. The limit of WebP is its halved chroma, hence the careful subsampling. The efforts 1–4 of
 * AVIF differ here by less than 0.1 dB and fourfold in time; effort 0 takes a sixth of the time of effort 2 and loses
 * 0.4 dB. Level 6 of PNG takes a third of the time of level 9 and 2 % more bytes.
 */
export const PICTURE_FORMATS = {
  png: {
    mediaType: "image/png",
    extension: "png",
    quality: undefined,
    alpha: true,
    maxSide: 2 ** 31 - 1,
    write: (pixels, _, many) => pixels.png({ compressionLevel: many ? 6 : 9 }),
  },
  webp: {
    mediaType: "image/webp",
    extension: "webp",
    quality: 97, // 43.0 dB, 40.2 dB, 1745 bytes
    alpha: true,
    maxSide: MAX_WEBP_SIDE,
    write: (pixels, quality) => pixels.webp({ quality, smartSubsample: true, effort: 4 }),
  },
  avif: {
    mediaType: "image/avif",
    extension: "avif",
    quality: 92, // 42.8 dB, 41.0 dB, 1587 bytes
    alpha: true,
    maxSide: 16_384, // of libvips; the format has more
    write: (pixels, quality, many) =>
      pixels.avif({ quality, chromaSubsampling: "4:4:4", effort: many ? 0 : 2 }),
  },
  jpeg: {
    mediaType: "image/jpeg",
    extension: "jpeg",
    quality: 95, // 42.5 dB, 40.7 dB, 2196 bytes
    alpha: false,
    maxSide: 65_500, // of libjpeg; the format has 65,535
    write: (pixels, quality) => pixels.jpeg({ quality, chromaSubsampling: "4:4:4", optimiseCoding: true }),
  },
} as const satisfies Readonly<Record<string, OutputFormat>>;

export type PictureFormat = keyof typeof PICTURE_FORMATS;

export const PICTURE_FORMAT_NAMES = Object.keys(PICTURE_FORMATS) as readonly PictureFormat[];

export function isPictureFormat(name: string): name is PictureFormat {
  return Object.hasOwn(PICTURE_FORMATS, name);
}

/** The format for a name or a file extension, in upper or lower case; `jpg` is `jpeg`. */
export function pictureFormatOf(name: string): PictureFormat | undefined {
  const lower = name.toLowerCase();
  const full = lower === "jpg" ? "jpeg" : lower;
  return isPictureFormat(full) ? full : undefined;
}
