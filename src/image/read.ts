import sharp, { type Metadata } from "sharp";
import { ZippyNetError } from "../codec/errors.ts";
import { type Image, MAX_PIXELS } from "../codec/image.ts";
import { type Decoded, decode } from "./read/decode.ts";
import { assertSizeWithin, damaged, type Outline, unsupported, type Window } from "./read/outline.ts";
import { type ReadableType, readableType } from "./sniff.ts";

/** Limits for an image file. */
export interface ReadLimits {
  /** Pixels of one frame, as stated in its header; 25 million by default. */
  readonly maxPixels?: number;
  /** Bytes of the file; 64 MiB by default. */
  readonly maxBytes?: number;
}

/** The picture as stored in the file, before any conversion. */
export interface Original {
  /** Before EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** Including alpha. */
  readonly channels: number;
  /** libvips's name of the sample type: `uchar` is 8 bits, `ushort` 9–16. */
  readonly depth: string;
  /** libvips's name of the colour space: `srgb`, `b-w`, `cmyk`, `rgb16`, … */
  readonly space: string;
  readonly hasAlpha: boolean;
  /** EXIF orientation, 1–8; 1 is upright. */
  readonly orientation: number;
  /** Frames of an animation, or pages of a document. */
  readonly pages: number;
  readonly bytes: number;
}

export interface ReadImage {
  readonly image: Image;
  /** Found from the content. */
  readonly mediaType: string;
  readonly original: Original;
  /**
   * How the original was converted, for people: "converted from Display P3", "tone-mapped from PQ", "first of 12
   * frames". Printable ASCII of less than 500 characters in all, so that it fits into a header. Empty if there is
   * nothing to report.
   */
  readonly notes: readonly string[];
}

/** The default for `maxBytes`. */
export const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Reads an image file as upright 8-bit sRGB. Other colours (profiles, code points, gamma, CMYK, Lab) are converted,
 * highlights of PQ and HLG are tone-mapped, and samples of any depth become 8 bits. Of an animation the first frame is
 * read. Alpha that is opaque everywhere is dropped. A file whose end is missing is read if all its pixels are there.
 *
 * Limits are checked on the header, before memory for pixels is allocated.
 *
 * Throws `too-large`, or `bad-image` if the file is empty, lacks pixels, is damaged, or is of a kind that is not read,
 * which the error names.
 */
export async function readImage(bytes: Uint8Array, limits: ReadLimits = {}): Promise<ReadImage> {
  const { maxPixels = MAX_PIXELS, maxBytes = MAX_BYTES } = limits;
  if (bytes.length > maxBytes) {
    throw new ZippyNetError(
      "too-large",
      `expected an image file of at most ${maxBytes} bytes, got ${bytes.length}`,
    );
  }
  const mediaType = readableType(bytes);
  const outline = await outlineOf(mediaType, bytes, maxPixels);
  const header = await asDamage(mediaType, sharp(outline.bytes, { limitInputPixels: false }).metadata());
  const original = describe(header, outline, bytes.length);
  assertSizeWithin(original.width, original.height, maxPixels);
  const { image, notes } = await decodeOrRepair(mediaType, outline, header, maxPixels);
  const { pages } = original;
  // without a sequence, an AVIF may hold several pictures, one of which is the main one
  const first =
    mediaType === "image/avif" && outline.frames === undefined
      ? `main one of ${pages} pictures`
      : `first of ${pages} ${mediaType === "image/tiff" ? "pages" : "frames"}`;
  const whole = outline.window ? onCanvas(image, outline.window) : image;
  return {
    image: outline.turned?.(whole) ?? whole,
    mediaType,
    original,
    notes: [...(pages > 1 ? [first] : []), ...notes, ...outline.notes],
  };
}

/** Reads what a file says about its picture. The reader of a format is loaded with the first file of that format. */
async function outlineOf(mediaType: ReadableType, bytes: Uint8Array, maxPixels: number): Promise<Outline> {
  switch (mediaType) {
    case "image/jpeg":
      return (await import("./read/formats/jpeg.ts")).outlineJpeg(bytes, maxPixels);
    case "image/png":
      return (await import("./read/formats/png.ts")).outlinePng(bytes, maxPixels);
    case "image/webp":
      return (await import("./read/formats/webp.ts")).outlineWebp(bytes);
    case "image/avif":
      return (await import("./read/formats/avif.ts")).outlineAvif(bytes, maxPixels);
    case "image/gif":
      return (await import("./read/formats/gif.ts")).outlineGif(bytes);
    case "image/tiff":
      return (await import("./read/formats/tiff.ts")).outlineTiff(bytes, maxPixels);
  }
}

function describe(header: Metadata, { shown, window, frames, ...outline }: Outline, bytes: number): Original {
  const { channels, depth, space, hasAlpha, orientation = 1 } = header;
  const { width, height } = shown ?? window ?? header;
  return {
    width,
    height,
    channels,
    depth,
    space,
    hasAlpha,
    orientation: outline.orientation ?? orientation,
    pages: frames ?? header.pages ?? 1,
    bytes,
  };
}

async function decodeOrRepair(
  mediaType: ReadableType,
  outline: Outline,
  header: Metadata,
  maxPixels: number,
): Promise<Decoded> {
  try {
    return await decodeWhole(mediaType, outline, header, maxPixels);
  } catch (error) {
    const repaired = (error as Error).cause === undefined ? undefined : outline.repair?.();
    if (!repaired) throw error;
    const { image, notes } = await decodeWhole(mediaType, { ...outline, ...repaired }, header, maxPixels);
    return { image, notes: [...notes, ...repaired.notes] };
  }
}

async function decodeWhole(
  mediaType: ReadableType,
  outline: Outline,
  header: Metadata,
  maxPixels: number,
): Promise<Decoded> {
  const { fatal, missing, shown } = outline;
  // of what is cut off there may be as much again
  const limitInputPixels = shown ? 2 * maxPixels : maxPixels;
  const work = (failOn: "warning" | "error") =>
    asDamage(mediaType, decode(outline, header, { limitInputPixels, failOn }), missing);
  if (!fatal) return work("error");
  try {
    return await work("warning");
  } catch (error) {
    const { cause } = error as Error;
    if (cause === undefined || fatal.test(String(cause))) throw error;
    return work("error");
  }
}

const SAVE_AGAIN = "save it as JPEG or PNG first";
/** How libheif reports a feature that it lacks: its errors of kind 4. Before that, libvips may report each bad seek. */
const LACKING = /heif: Unsupported feature: (.*) \(4\.\d+\)/;
const NOISE = /^source: bad seek to \d+$/gm;

/** Reports a failure of libvips as a damaged image, or as one of a kind that is not read, with the words of libvips. */
async function asDamage<T>(mediaType: string, work: Promise<T>, missing?: string): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof ZippyNetError) throw cause;
    const said = cause instanceof Error ? cause.message.replace(NOISE, "") : String(cause);
    const why = said.replace(/\s+/g, " ").trim().slice(0, 200);
    const lacking = LACKING.exec(why)?.[1];
    if (lacking) throw unsupported(`an ${mediaType} with what is not read here: ${lacking}`, SAVE_AGAIN);
    throw damaged(mediaType, missing ?? why, cause);
  }
}

/**
 * Puts the first frame of an animation on its canvas, which is transparent where the frame does not reach. `image` is
 * the frame alone, or the whole canvas as a decoder fills it.
 */
function onCanvas(image: Image, { width, height, frame }: Window): Image {
  if (frame.width === width && frame.height === height) return image;
  const alone = image.width === frame.width && image.height === frame.height;
  if (!alone && (image.width !== width || image.height !== height)) return image;
  const [left, top] = alone ? [frame.x, frame.y] : [0, 0];
  const data = new Uint8Array(width * height * 3);
  const alpha = new Uint8Array(width * height);
  for (let y = 0; y < frame.height; y++) {
    const to = (frame.y + y) * width + frame.x;
    const from = (frame.y + y - top) * image.width + frame.x - left;
    data.set(image.data.subarray(3 * from, 3 * (from + frame.width)), 3 * to);
    if (image.alpha) alpha.set(image.alpha.subarray(from, from + frame.width), to);
    else alpha.fill(255, to, to + frame.width);
  }
  return { width, height, data, alpha };
}
