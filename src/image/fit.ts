import sharp from "sharp";
import type { Image, Size } from "../codec/image.ts";
import { fromRaw, rawPixels } from "./raw.ts";

/**
 * How a picture is brought to a size of another shape: `cover` cuts off what is too much, `contain` adds transparent
 * bars, `inside` keeps the shape and stays within the size, `fill` changes the shape.
 */
export const FITS = ["cover", "contain", "inside", "fill"] as const;
export type Fit = (typeof FITS)[number];

/** A size that is asked for. If only one side is given, the other follows from the shape of the picture. */
export interface SizeWish {
  readonly width?: number;
  readonly height?: number;
  readonly fit: Fit;
}

/** The new size of a picture, and how many times its pixels are enlarged (below 1: reduced). */
export function fittedSize({ width, height }: Size, wish: SizeWish): Size & { readonly scale: number } {
  const across = (wish.width ?? Number.NaN) / width;
  const down = (wish.height ?? Number.NaN) / height;
  if (wish.width === undefined || wish.height === undefined) {
    const scale = wish.width === undefined ? down : across;
    return { width: wish.width ?? side(width, scale), height: wish.height ?? side(height, scale), scale };
  }
  const smaller = Math.min(across, down);
  if (wish.fit === "inside")
    return { width: side(width, smaller), height: side(height, smaller), scale: smaller };
  const scale = wish.fit === "contain" ? smaller : Math.max(across, down);
  return { width: wish.width, height: wish.height, scale };
}

/**
 * Scales with Lanczos3 to the size asked for, with alpha. A picture that has the size already is returned unchanged.
 */
export async function fitImage(image: Image, wish: SizeWish): Promise<Image> {
  const { width, height } = fittedSize(image, wish);
  if (width === image.width && height === image.height) return image;
  const bars = wish.fit === "contain" && wish.width !== undefined && wish.height !== undefined;
  const pixels = bars ? rawPixels(image).ensureAlpha() : rawPixels(image);
  const { data, info } = await pixels
    .resize(width, height, {
      kernel: "lanczos3",
      fit: bars ? "contain" : wish.fit === "cover" ? "cover" : "fill",
      background: { r: 255, g: 255, b: 255, alpha: 0 },
    })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return fromRaw(data, info);
}

function side(pixels: number, scale: number): number {
  return Math.max(1, Math.round(pixels * scale));
}

/**
 * Scales with Lanczos3 so that the picture covers width × height, and cuts off the same amount on both sides. Small
 * images for measurements are made in this way. A picture of that size is returned unchanged; alpha is dropped.
 */
export async function resizeImage(image: Image, width: number, height: number): Promise<Image> {
  if (image.width === width && image.height === height) return image;
  const data = await sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .resize(width, height, { kernel: "lanczos3", fit: "cover" })
    .raw()
    .toBuffer();
  return { width, height, data: new Uint8Array(data) };
}
