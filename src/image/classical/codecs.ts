import type { Sharp } from "sharp";
import { ZippyNetError } from "../../codec/errors.ts";
import { av1Frame } from "../../codec/format/isobmff.ts";
import { webpFrame, withoutVp8lHeader } from "../../codec/format/webp.ts";
import type { ClassicalCodec } from "../../codec/format/zn-file.ts";
import type { Image } from "../../codec/image.ts";
import { rawPixels } from "../raw.ts";

/** A lossy codec and a way to drive it. */
export interface Variant {
  readonly codec: Exclude<ClassicalCodec, "vp8l">;
  /** @param quality 1–100 @param effort 0–9, AVIF's; WebP is quick at its best */
  readonly code: (picture: Sharp, quality: number, effort: number) => Sharp;
}

/** A codec's variants are of one quality scale. Which is best differs from picture to picture. */
export interface Family {
  /** Whose quality is searched for. */
  readonly first: Variant;
  /** Tried around that quality, for small pictures. */
  readonly others: readonly Variant[];
}

const VP8: Family = {
  first: { codec: "vp8", code: (picture, quality) => picture.webp({ quality, effort: 6 }) },
  others: [
    { codec: "vp8", code: (picture, quality) => picture.webp({ quality, effort: 6, preset: "icon" }) },
  ],
};

/** Tuned to PSNR and to the eye, with chroma whole and halved. */
const AV1: Family = {
  first: av1({ chromaSubsampling: "4:4:4", tune: "psnr" }),
  others: [av1({ chromaSubsampling: "4:4:4" }), av1({ chromaSubsampling: "4:2:0", tune: "psnr" })],
};

export const FAMILIES: readonly Family[] = [VP8, AV1];

function av1(options: { chromaSubsampling: string; tune?: "psnr" }): Variant {
  return { codec: "av1", code: (picture, quality, effort) => picture.avif({ quality, effort, ...options }) };
}

/** Pixels up to which VP8L is as slow as it can be. */
const MAX_SLOW_LOSSLESS = 1024 * 1024;

/** For looking around: a tenth of the time of the next, within some per cent of its bytes. */
export const QUICK = 2;

/** AVIF's slowest. */
export const SLOWEST = 9;

/** Sides of a square, in pixels, and AVIF's efforts up to it, by our own effort: from 0, 1, 3, 6 and 9 on. */
const EFFORTS = [
  [256, [5, 9, 9, 9, 9]],
  [1024, [4, 4, 4, 6, 9]],
  [Number.POSITIVE_INFINITY, [QUICK, QUICK, QUICK, 4, 4]],
] as const;
const FROM = [0, 1, 3, 6, 9] as const;

/**
 * AVIF's effort for what is stored, by our own: one that keeps a picture under a second or so, unless more is asked
 * for.
 */
export function thoroughEffort(image: Image, effort: number): number {
  const [, efforts] = EFFORTS.find(([side]) => blockPixels(image) <= side * side)!;
  return efforts[FROM.findLastIndex((from) => from <= effort)]!;
}

/**
 * Whether what is best at effort 0 is coded again at AVIF's slowest: pictures of at most 256×256 pixels, which that
 * takes a moment.
 */
export function isPolished(image: Image): boolean {
  return blockPixels(image) <= EFFORTS[0][0] ** 2;
}

/** Side of an AV1 superblock, in pixels. */
const BLOCK = 64;

/** Pixels that take AV1's time: it works on whole blocks, so a row of 4096 pixels takes as long as 64 of them. */
function blockPixels({ width, height }: Image): number {
  const whole = (side: number): number => Math.ceil(side / BLOCK) * BLOCK;
  return whole(width) * whole(height);
}

/**
 * Time of coding and decoding a pixel, in multiplications of a model's networks that take as long, by AVIF's effort.
 * Measured on noise, which is the slowest, at 22 multiplications a nanosecond; AVIF's slowest varies tenfold with the
 * picture.
 */
const AV1_COST = [
  [QUICK, 17_000],
  [5, 120_000],
  [SLOWEST, 2_000_000],
] as const;
const VP8_COST = 11_000;
const VP8L_COST = 30_000;

/** What a frame costs of a budget, see `codec/budget.ts`. */
export function frameCost(codec: ClassicalCodec, image: Image, effort: number): number {
  const { width, height } = image;
  if (codec === "vp8") return width * height * VP8_COST;
  if (codec === "vp8l") return width * height * VP8L_COST;
  const [, cost] = AV1_COST.find(([most]) => effort <= most) ?? AV1_COST[2];
  return blockPixels(image) * cost;
}

/** The frame of a picture without its container; alpha is left out. */
export async function lossyFrame(
  { codec, code }: Variant,
  { width, height, data }: Image,
  quality: number,
  effort: number,
): Promise<Uint8Array> {
  const file = await code(rawPixels({ width, height, data }), quality, effort).toBuffer();
  return codec === "av1" ? av1Frame(file) : frameOf(file, "vp8");
}

/** The frame of a picture, its alpha included, without loss (but for colours that nobody sees). */
export async function losslessFrame(image: Image): Promise<Uint8Array> {
  const effort = image.width * image.height <= MAX_SLOW_LOSSLESS ? 6 : 2;
  return frameOf(await rawPixels(image).webp({ lossless: true, effort }).toBuffer(), "vp8l");
}

/** Opacity as a file's alpha: a lossless frame of greys without its header. */
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
