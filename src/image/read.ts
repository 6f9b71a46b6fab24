import sharp, { type Metadata } from "sharp";
import { ZippyNetError } from "../codec/errors.ts";
import type { Image } from "../codec/image.ts";
import { sniff } from "./formats.ts";

/** What an image file may ask of this process. */
export interface ReadLimits {
  /** Pixels of one frame, as its header states them; 25 million by default. */
  readonly maxPixels?: number;
  /** Bytes of the file; 64 MiB by default. */
  readonly maxBytes?: number;
}

/** The picture as it was stored, before anything was done to it. */
export interface Original {
  /** Before EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** With alpha. */
  readonly channels: number;
  /** libvips's name of the sample type: `uchar` is 8 bits, `ushort` 9–16. */
  readonly depth: string;
  /** libvips's name of the colour space: `srgb`, `b-w`, `cmyk`, `rgb16`, … */
  readonly space: string;
  readonly hasAlpha: boolean;
  /** EXIF orientation, 1–8; 1 is upright. */
  readonly orientation: number;
  /** Frames of an animation, pages of a document. */
  readonly pages: number;
  readonly bytes: number;
}

export interface ReadImage {
  readonly image: Image;
  /** By content. */
  readonly mediaType: string;
  readonly original: Original;
  /** What of the original is not in `image`, for people; empty if nothing. */
  readonly notes: readonly string[];
}

/** Media types that are read. */
export const READABLE = [
  "image/jpeg",
  "image/png",
  "image/webp",
  "image/avif",
  "image/gif",
  "image/tiff",
] as const;

const MAX_PIXELS = 25_000_000;
/** Of an image file, unless told. */
export const MAX_BYTES = 64 * 1024 * 1024;

/**
 * An image file → upright 8-bit sRGB. Profiles, CMYK, 16 bits and grey are converted, an animation gives its first
 * frame, alpha that is opaque everywhere goes.
 * Limits are checked on the header, before pixels are allocated.
 * Throws `bad-image` (empty, truncated, damaged, not one of `READABLE`) or `too-large`.
 */
export async function readImage(bytes: Uint8Array, limits: ReadLimits = {}): Promise<ReadImage> {
  const { maxPixels = MAX_PIXELS, maxBytes = MAX_BYTES } = limits;
  if (bytes.length > maxBytes) {
    throw new ZippyNetError(
      "too-large",
      `expected an image file of at most ${maxBytes} bytes, got ${bytes.length}`,
    );
  }
  const mediaType = assertReadable(bytes);
  const original = describe(await damaged(mediaType, sharp(bytes, { limitInputPixels: false }).metadata()));
  original.bytes = bytes.length;
  if (original.width * original.height > maxPixels) {
    throw new ZippyNetError(
      "too-large",
      `expected an image of at most ${maxPixels} pixels, got ${original.width}×${original.height}`,
    );
  }
  const { data, info } = await damaged(
    mediaType,
    sharp(bytes, { limitInputPixels: maxPixels, failOn: "error" })
      .autoOrient()
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true }),
  );
  const notes = original.pages > 1 ? [`first of ${original.pages} frames`] : [];
  const image = { width: info.width, height: info.height, ...planes(data, info.channels) };
  return { image, mediaType, original, notes };
}

function assertReadable(bytes: Uint8Array): string {
  const mediaType = sniff(bytes);
  if (READABLE.some((readable) => readable === mediaType)) return mediaType!;
  const came = bytes.length === 0 ? "0 bytes" : (mediaType ?? `unknown bytes (${firstBytes(bytes)})`);
  throw new ZippyNetError(
    "bad-image",
    `expected an image of type ${READABLE.map((type) => type.slice("image/".length)).join(", ")}, got ${came}`,
  );
}

function firstBytes(bytes: Uint8Array): string {
  return `${Buffer.from(bytes.subarray(0, 8)).toString("hex")}${bytes.length > 8 ? "…" : ""}`;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function describe(header: Metadata): Mutable<Original> {
  const { width, height, channels, depth, space, hasAlpha, orientation = 1, pages = 1 } = header;
  return { width, height, channels, depth, space, hasAlpha, orientation, pages, bytes: 0 };
}

/** Says of what libvips cannot read that the image is damaged; libvips's own words follow. */
async function damaged<T>(mediaType: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/\s+/g, " ").trim() : String(cause);
    throw new ZippyNetError("bad-image", `expected a whole ${mediaType}, got a damaged one: ${why}`, {
      cause,
    });
  }
}

/** Samples of 1–4 channels → RGB, and alpha if not all of it is opaque. */
function planes(data: Buffer, channels: number): Pick<Image, "data" | "alpha"> {
  if (channels === 3) return { data: new Uint8Array(data) };
  const hasAlpha = channels === 2 || channels === 4;
  const grey = channels < 3;
  const count = data.length / channels;
  const pixels = new Uint8Array(count * 3);
  const alpha = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const from = i * channels;
    for (let c = 0; c < 3; c++) pixels[i * 3 + c] = data[from + (grey ? 0 : c)]!;
    alpha[i] = hasAlpha ? data[from + channels - 1]! : 255;
  }
  return alpha.some((opacity) => opacity < 255) ? { data: pixels, alpha } : { data: pixels };
}
