import { ZippyNetError } from "../../codec/errors.ts";
import type { Colour } from "./colour/colour.ts";
import type { TiffSamples } from "./formats/tiff.ts";

/** What a file says of itself beyond what its decoder passes on, read before any pixel is decoded. */
export interface Outline {
  /** What is to be decoded: the file, a mended copy, or its first frame as a file of its own. */
  readonly bytes: Uint8Array;
  /** Colour that is told otherwise than by an ICC profile. */
  readonly colour?: Colour;
  /** Whether `colour` counts even where there is a profile. */
  readonly colourBeforeProfile?: boolean;
  /** Whether the file has a profile, which the decoder does not pass on where it finds it wrong. */
  readonly profile?: boolean;
  /** Whether the picture is grey and the decoder hands it out as RGB. */
  readonly grey?: boolean;
  /** Whether colours are multiplied with alpha, and the decoder hands them out like that. */
  readonly premultiplied?: boolean;
  /** Whether samples leave room below black and above white, as video has it. */
  readonly limitedRange?: boolean;
  /** Frames or pages, where the decoder does not count them. */
  readonly frames?: number;
  /** Where the first frame stands on a canvas that it does not fill. */
  readonly window?: Window;
  /** What a TIFF says of its samples, which its decoder takes for others. */
  readonly samples?: TiffSamples;
  /** What the file lacks by its own account: why its decoder will refuse it, if it does. */
  readonly missing?: string;
  /** What the decoder only warns of though pixels are missing; of other warnings there is no harm. */
  readonly fatal?: RegExp;
  /** What was done, for people. */
  readonly notes: readonly string[];
}

/** A canvas, and a frame on it. */
export interface Window {
  readonly width: number;
  readonly height: number;
  readonly frame: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** Of a file without its last bytes that has all its pixels. */
export const END_MISSING = "its last bytes are missing, all its pixels are there";

/** Of a file whose code points H.273 does not define. */
export const UNKNOWN_COLOUR =
  "its colours are told by numbers that mean nothing yet, and were taken for sRGB";

/** A whole file of a kind that cannot be read here: what it is, and what to do. */
export function unsupported(what: string, remedy: string): ZippyNetError {
  return new ZippyNetError("bad-image", `expected an image that can be read here, got ${what}: ${remedy}`);
}

/** A file that is not whole: what is missing or wrong. */
export function damaged(mediaType: string, why: string, cause?: unknown): ZippyNetError {
  return new ZippyNetError("bad-image", `expected a whole ${mediaType}, got a damaged one: ${why}`, {
    cause,
  });
}

/** Throws `too-large`. */
export function assertPixels(width: number, height: number, most: number): void {
  if (width * height > most)
    throw new ZippyNetError(
      "too-large",
      `expected an image of at most ${most} pixels, got ${width}×${height}`,
    );
}

/** Chunks, boxes, segments, blocks or directories that a file is made of. Animations have a few a frame. */
const MOST_PARTS = 20_000;

/** Decoders take microseconds a part, however little is in it: throws `too-large` when a file has too many. */
export function assertParts(count: number): void {
  if (count > MOST_PARTS)
    throw new ZippyNetError("too-large", `expected an image file of at most ${MOST_PARTS} parts, got more`);
}
