import type { Sharp } from "sharp";
import { ZippyNetError } from "../../codec/errors.ts";
import { av1Frame } from "../../codec/format/isobmff.ts";
import { webpFrame, withoutVp8lHeader } from "../../codec/format/webp.ts";
import type { ClassicalCodec } from "../../codec/format/zn-file.ts";
import type { Image } from "../../codec/image.ts";
import { rawPixels } from "../raw.ts";

/** A lossy codec and its settings. */
export interface Variant {
  readonly codec: Exclude<ClassicalCodec, "vp8l">;
  /**
   * @param quality 1–100
   * @param effort 0–9, that of AVIF; WebP always uses its best, which is fast
   */
  readonly code: (picture: Sharp, quality: number, effort: number) => Sharp;
}

/** The variants of a codec share one scale of quality. Which one is best differs from picture to picture. */
export interface Family {
  /** The variant whose quality is searched for. */
  readonly first: Variant;
  /** Variants that are tried around that quality, for small pictures. */
  readonly others: readonly Variant[];
}

const VP8: Family = {
  first: { codec: "vp8", code: (picture, quality) => picture.webp({ quality, effort: 6 }) },
  others: [
    { codec: "vp8", code: (picture, quality) => picture.webp({ quality, effort: 6, preset: "icon" }) },
  ],
};

/** Tuned for PSNR and for the eye, with full and halved chroma. */
const AV1: Family = {
  first: av1({ chromaSubsampling: "4:4:4", tune: "psnr" }),
  others: [av1({ chromaSubsampling: "4:4:4" }), av1({ chromaSubsampling: "4:2:0", tune: "psnr" })],
};

export const FAMILIES: readonly Family[] = [VP8, AV1];

function av1(options: { chromaSubsampling: string; tune?: "psnr" }): Variant {
  return { codec: "av1", code: (picture, quality, effort) => picture.avif({ quality, effort, ...options }) };
}

/** Up to how many pixels VP8L uses its slowest setting. */
const MAX_SLOW_LOSSLESS = 1024 * 1024;

/** For the search: it takes a tenth of the time of the next effort, and gives nearly the same bytes. */
export const QUICK = 2;

/** The slowest effort of AVIF. */
export const SLOWEST = 9;

/** Sides of a square, in pixels, and the efforts of AVIF up to that size, for our efforts from 0, 1, 3, 6 and 9 on. */
const EFFORTS = [
  [256, [5, 9, 9, 9, 9]],
  [1024, [4, 4, 4, 6, 9]],
  [Number.POSITIVE_INFINITY, [QUICK, QUICK, QUICK, 4, 4]],
] as const;
const FROM = [0, 1, 3, 6, 9] as const;

/**
 * The effort of AVIF for a file that is stored, from ours. It keeps a picture below about a second, unless a higher
 * effort is asked for.
 */
export function thoroughEffort(image: Image, effort: number): number {
  const [, efforts] = EFFORTS.find(([side]) => blockPixels(image) <= side * side)!;
  return efforts[FROM.findLastIndex((from) => from <= effort)]!;
}

/**
 * Whether the best file at effort 0 is coded again with AVIF's slowest effort: for pictures of at most 256×256 pixels,
 * where that is fast.
 */
export function isPolished(image: Image): boolean {
  return blockPixels(image) <= EFFORTS[0][0] ** 2;
}

/** Side of an AV1 superblock, in pixels. */
const BLOCK = 64;

/**
 * Pixels that count for the time of AV1. It works on whole blocks, so a row of 4096 pixels takes as long as 64 of them.
 */
function blockPixels({ width, height }: Image): number {
  const whole = (side: number): number => Math.ceil(side / BLOCK) * BLOCK;
  return whole(width) * whole(height);
}

/**
 * The time to code and decode a pixel for each effort of AVIF, as the number of multiplications of a model's networks
 * that take as long. Measured on noise, the slowest content, at 22 multiplications a nanosecond. The slowest effort
 * varies tenfold with the picture.
 */
const AV1_COST = [
  [QUICK, 17_000],
  [5, 120_000],
  [SLOWEST, 2_000_000],
] as const;
const VP8_COST = 11_000;
const VP8L_COST = 30_000;

/** The cost of a frame in a budget, see `codec/budget.ts`. */
export function frameCost(codec: ClassicalCodec, image: Image, effort: number): number {
  const { width, height } = image;
  if (codec === "vp8") return width * height * VP8_COST;
  if (codec === "vp8l") return width * height * VP8L_COST;
  const [, cost] = AV1_COST.find(([most]) => effort <= most) ?? AV1_COST[2];
  return blockPixels(image) * cost;
}

/** The frame of a picture, without a container and without alpha. */
export async function lossyFrame(
  { codec, code }: Variant,
  { width, height, data }: Image,
  quality: number,
  effort: number,
): Promise<Uint8Array> {
  const file = await code(rawPixels({ width, height, data }), quality, effort).toBuffer();
  return codec === "av1" ? av1Frame(file) : frameOf(file, "vp8");
}

/** The lossless frame of a picture, with alpha. Only the colours of fully transparent pixels are lost. */
export async function losslessFrame(image: Image): Promise<Uint8Array> {
  const effort = image.width * image.height <= MAX_SLOW_LOSSLESS ? 6 : 2;
  return frameOf(await rawPixels(image).webp({ lossless: true, effort }).toBuffer(), "vp8l");
}

/** The alpha of a `.zn` file: a lossless frame of grey pixels, without its header. */
export async function alphaFrame({
  width,
  height,
  alpha,
}: Image & { alpha: Uint8Array }): Promise<Uint8Array> {
  const data = Uint8Array.from({ length: alpha.length * 3 }, (_, i) => alpha[Math.floor(i / 3)]!);
  return withoutVp8lHeader(await losslessFrame({ width, height, data }));
}

function frameOf(file: Uint8Array, codec: "vp8" | "vp8l"): Uint8Array {
  const frame = webpFrame(file);
  if (frame?.codec === codec) return frame.payload;
  throw new ZippyNetError("bad-image", `expected a WebP file of one ${codec} frame from the encoder`);
}
