import { ZippyNetError } from "../../codec/errors.ts";
import { MAX_WEBP_SIDE } from "../../codec/format/webp.ts";
import type { Image, Size } from "../../codec/image.ts";
import type { Colour } from "./colour/colour.ts";

/** What a file says about its picture and its decoder does not report. Read before any pixel is decoded. */
export interface Outline {
  /** The bytes to decode: the file, a repaired copy, or its first frame as a file of its own. */
  readonly bytes: Uint8Array;
  /** The colour space, if the file states it other than by an ICC profile. */
  readonly colour?: Colour;
  /** Whether `colour` counts even if there is a profile. */
  readonly colourBeforeProfile?: boolean;
  /** Whether the file has a profile. The decoder does not return a profile that it rejects. */
  readonly profile?: boolean;
  /** Whether the picture is grey and the decoder returns it as RGB. */
  readonly grey?: boolean;
  /** Whether colours are multiplied with alpha, and the decoder returns them like that. */
  readonly premultiplied?: boolean;
  /** Whether samples leave room below black and above white, as in video. */
  readonly limitedRange?: boolean;
  /** Whether alpha does. */
  readonly limitedAlpha?: boolean;
  /** Frames or pages, if the decoder does not count them. */
  readonly frames?: number;
  /** The place of the first frame, on a canvas that it does not fill. */
  readonly window?: Window;
  /** The sides of the picture as shown, if `turned` changes them. */
  readonly shown?: Size;
  /** The EXIF orientation, if the decoder does not find it. */
  readonly orientation?: number;
  /** Does what the decoder does not: cuts, turns and mirrors. */
  readonly turned?: (image: Image) => Image;
  /** What a TIFF says about its samples, which its decoder misreads. */
  readonly samples?: TiffSamples;
  /** What is missing from the file according to its own sizes. It explains why its decoder refuses it, if it does. */
  readonly missing?: string;
  /** The warnings of the decoder that mean missing pixels. Its other warnings are harmless. */
  readonly fatal?: RegExp;
  /** Called if the decoder refuses the file: a file that it reads, or why there is none. */
  readonly repair?: () => Pick<Outline, "bytes" | "notes"> | undefined;
  /** What was converted, for people. */
  readonly notes: readonly string[];
}

/**
 * What the first picture of a TIFF says about its samples (TIFF 6.0, and its supplements; the numbers are those of its
 * tags).
 */
export interface TiffSamples {
  /** 339 */
  readonly format: "unsigned" | "signed" | "float" | "complex";
  /** 262: samples are Lab, and the decoder returns them as stored. */
  readonly lab?: "CIELab" | "ICCLab";
  /** 262: 0 is white, and the decoder returns samples as stored. */
  readonly whiteIsZero?: boolean;
  /** 338: the channel of alpha. */
  readonly alpha?: number;
  /** 338: colours are multiplied with alpha, and the decoder returns them as stored. */
  readonly premultiplied?: boolean;
}

/** A canvas, and a frame on it. */
export interface Window {
  readonly width: number;
  readonly height: number;
  readonly frame: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** The note for a file whose end is missing and that has all its pixels. */
export const END_MISSING = "its last bytes are missing, all its pixels are there";

/** The note for a file with code points that H.273 does not define. */
export const UNKNOWN_COLOUR =
  "its colours are stated by numbers that mean nothing yet, and were taken for sRGB";

/** The error for a whole file of a kind that is not read: what it is, and what to do. */
export function unsupported(what: string, remedy: string): ZippyNetError {
  return new ZippyNetError("bad-image", `expected an image that can be read here, got ${what}: ${remedy}`);
}

/** The error for a file that is not whole: what is missing or wrong. */
export function damaged(mediaType: string, why: string, cause?: unknown): ZippyNetError {
  return new ZippyNetError("bad-image", `expected a whole ${mediaType}, got a damaged one: ${why}`, {
    cause,
  });
}

/**
 * Throws `too-large`, also for sides longer than anything codes. Some decoders take time by the square of a side: a
 * TIFF of a million pixels in a row of small tiles takes minutes.
 */
export function assertSizeWithin(width: number, height: number, most: number): void {
  if (width * height > most)
    throw new ZippyNetError(
      "too-large",
      `expected an image of at most ${most} pixels, got ${width}×${height}`,
    );
  if (Math.max(width, height) > MAX_WEBP_SIDE)
    throw new ZippyNetError(
      "too-large",
      `expected an image with sides of at most ${MAX_WEBP_SIDE} pixels, got ${width}×${height}`,
    );
}

/** The most chunks, boxes, segments, blocks or directories of a file. Animations have a few for each frame. */
const MOST_PARTS = 20_000;

/** Throws `too-large` if a file has too many parts. Decoders take microseconds for each, however small it is. */
export function assertParts(count: number): void {
  if (count > MOST_PARTS)
    throw new ZippyNetError("too-large", `expected an image file of at most ${MOST_PARTS} parts, got more`);
}

/** Where the zeros begin that end there: downloads that are cut are often filled up with zeros. */
export function startOfZeros(bytes: Uint8Array, end: number): number {
  let at = end;
  while (at > 0 && bytes[at - 1] === 0) at--;
  return at;
}
