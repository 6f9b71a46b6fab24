import type { Sharp } from "sharp";

/**
 * How a format is written, and what it is called. The one table of the library, the command line, the service and its
 * CDN.
 */
export interface OutputFormat {
  readonly mediaType: string;
  /** Without a dot. */
  readonly extension: string;
  /** Quality of 1–100 on the format's own scale unless told; undefined where every file is without loss. */
  readonly quality: number | undefined;
  /** Whether a pixel may be transparent. */
  readonly alpha: boolean;
  /** @param many whether the picture has so many pixels that time counts */
  write(pixels: Sharp, quality: number, many: boolean): Sharp;
}

/**
 * The formats that decoded pictures are written in; first comes what is sent to those who take anything.
 *
 * The qualities are those at which the second coding of a decoded picture does not show. Measured on faces of 42 and 64
 * pixels, decoded at quality 60, against the decoded pixels: the mean, the worst of 16, and bytes a picture. WebP's
 * limit is its halved chroma, hence the careful subsampling. AVIF's efforts 1–4 differ by under 0.1 dB here and
 * fourfold in time; effort 0 takes a sixth of the time of 2, for 0.4 dB. PNG's level 6 takes a third of the time of 9,
 * for 2 % more bytes.
 */
export const PICTURE_FORMATS = {
  png: {
    mediaType: "image/png",
    extension: "png",
    quality: undefined,
    alpha: true,
    write: (pixels, _, many) => pixels.png({ compressionLevel: many ? 6 : 9 }),
  },
  webp: {
    mediaType: "image/webp",
    extension: "webp",
    quality: 97, // 43.0 dB, 40.2 dB, 1745 bytes
    alpha: true,
    write: (pixels, quality) => pixels.webp({ quality, smartSubsample: true, effort: 4 }),
  },
  avif: {
    mediaType: "image/avif",
    extension: "avif",
    quality: 92, // 42.8 dB, 41.0 dB, 1587 bytes
    alpha: true,
    write: (pixels, quality, many) =>
      pixels.avif({ quality, chromaSubsampling: "4:4:4", effort: many ? 0 : 2 }),
  },
  jpeg: {
    mediaType: "image/jpeg",
    extension: "jpeg",
    quality: 95, // 42.5 dB, 40.7 dB, 2196 bytes
    alpha: false,
    write: (pixels, quality) => pixels.jpeg({ quality, chromaSubsampling: "4:4:4", optimiseCoding: true }),
  },
} as const satisfies Readonly<Record<string, OutputFormat>>;

export type PictureFormat = keyof typeof PICTURE_FORMATS;

export const PICTURE_FORMAT_NAMES = Object.keys(PICTURE_FORMATS) as readonly PictureFormat[];

export function isPictureFormat(name: string): name is PictureFormat {
  return Object.hasOwn(PICTURE_FORMATS, name);
}

/** The format that a name or a file's ending means, in letters of any case; `jpg` is `jpeg`. */
export function pictureFormatOf(name: string): PictureFormat | undefined {
  const lower = name.toLowerCase();
  const full = lower === "jpg" ? "jpeg" : lower;
  return isPictureFormat(full) ? full : undefined;
}
