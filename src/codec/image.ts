import type { RangeDecoder, RangeEncoder } from "./entropy/range-coder.ts";
import { isWhole, typeOf, ZippyNetError } from "./errors.ts";

/** 8-bit sRGB pixels, row by row, three bytes (red, green, blue) a pixel. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** Opacity, one byte a pixel; without it all is opaque. Models do not code it, `src/image` does. */
  readonly alpha?: Uint8Array;
}

/** Smallest and largest side, in pixels, of an image that a model can code. */
export const MIN_SIDE = 8;
export const MAX_SIDE = 1024;
/** The most pixels of a picture that is read, encoded or decoded by any codec: 100 MB as RGBA. */
export const MAX_PIXELS = 25_000_000;

/** Throws `bad-option` or `bad-image` unless both sides lie in 8–1024 and there are three bytes a pixel. */
export function assertImage(image: Image): void {
  assertPicture(image);
  assertSize(image.width, image.height);
  assertPixels(image);
}

/**
 * Checks what TypeScript checks for its users. Throws `bad-option` unless samples are bytes (wider ones would be cut
 * off, fractions rounded), and `bad-image` unless sides are whole.
 */
export function assertPicture(image: Image): void {
  if (typeof image !== "object" || image === null)
    throw new ZippyNetError("bad-option", `expected a picture as { width, height, data }, got ${image}`);
  const { width, height, data, alpha } = image;
  for (const [name, samples] of Object.entries({ data, ...(alpha !== undefined && { alpha }) })) {
    const type = typeOf(samples);
    if (type !== "Uint8Array" && type !== "Uint8ClampedArray")
      throw new ZippyNetError("bad-option", `expected ${name} as a Uint8Array, got ${type}`);
  }
  const whole = [width, height].every((side) => isWhole(side, 1));
  if (!whole)
    throw new ZippyNetError("bad-image", `expected sides of 1 pixel or more, got ${width}×${height}`);
}

/** Throws `bad-image` unless there are three bytes of colour for each pixel, and one of alpha if there is any. */
export function assertPixels({ width, height, data, alpha }: Image): void {
  if (alpha && alpha.length !== width * height) {
    throw new ZippyNetError(
      "bad-image",
      `expected ${width * height} bytes of alpha for ${width}×${height} pixels, got ${alpha.length}`,
    );
  }
  if (data.length !== width * height * 3) {
    throw new ZippyNetError(
      "bad-image",
      `expected ${width * height * 3} bytes of RGB for ${width}×${height} pixels, got ${data.length}`,
    );
  }
}

function assertSize(width: number, height: number): void {
  for (const [name, side] of [
    ["width", width],
    ["height", height],
  ] as const) {
    if (!isWhole(side, MIN_SIDE, MAX_SIDE)) {
      throw new ZippyNetError(
        "bad-image",
        `expected a ${name} of ${MIN_SIDE}–${MAX_SIDE} pixels, got ${side}`,
      );
    }
  }
}

/** Whether both sides are of a length that a model can code. */
export function hasModelSize({ width, height }: Image): boolean {
  return Math.min(width, height) >= MIN_SIDE && Math.max(width, height) <= MAX_SIDE;
}

/** A picture with the alpha of another one of its size. */
export function withAlphaOf(other: Image, { width, height, data }: Image): Image {
  return { width, height, data, ...(other.alpha && { alpha: other.alpha }) };
}

/** A picture on a white background, without alpha. */
export function laidOnWhite({ width, height, data, alpha }: Image): Image {
  if (!alpha) return { width, height, data };
  const opacity = (i: number): number => alpha[Math.floor(i / 3)]!;
  return {
    width,
    height,
    data: data.map((sample, i) => Math.round((sample * opacity(i) + 255 * (255 - opacity(i))) / 255)),
  };
}

/** Gives fully transparent pixels the mean colour of the others, which costs few bits and is never seen. */
export function filled(image: Image): Image {
  const { width, height, data, alpha } = image;
  if (!alpha) return image;
  const sums = [0, 0, 0];
  let seen = 0;
  alpha.forEach((opacity, i) => {
    if (opacity === 0) return;
    seen++;
    for (let c = 0; c < 3; c++) sums[c]! += data[i * 3 + c]!;
  });
  const mean = sums.map((sum) => (seen === 0 ? 255 : Math.round(sum / seen)));
  const colours = data.map((sample, i) => (alpha[Math.floor(i / 3)] === 0 ? mean[i % 3]! : sample));
  return { width, height, data: colours, alpha };
}

/** Whether red, green and blue agree in every pixel. */
export function isGrey({ data }: Image): boolean {
  for (let i = 0; i < data.length; i += 3) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  }
  return true;
}

/**
 * How a picture was turned before it was coded. A network does not code a picture as well as its mirror image, so the
 * encoder tries several and keeps the best. Pixel (x, y) of the picture is pixel (u, v) of the coded one, which is
 * `wide` × `high`:
 *
 * ```
 * bit 2 set   (u, v) = (y, x), else (x, y)
 * bit 0 set   u = wide − 1 − u              then the picture is mirrored left to right
 * bit 1 set   v = high − 1 − v              and upside down
 * ```
 *
 * A model says how many of the eight its files use: the first 1, 2, 4 or 8. The orientation is coded before all
 * symbols, as 0 to 3 bits of probability ½, the highest first.
 */
export type Orientation = number;

export const UPRIGHT: Orientation = 0;
const [MIRRORED, UPSIDE_DOWN, SWAPPED] = [1, 2, 4];
/** Numbers of orientations that a model may use. */
export const ORIENTATIONS = [1, 2, 4, 8] as const;

export interface Size {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** The size of the coded picture from that of the picture, or the other way round. */
export function turnedSize({ width, height }: Size, orientation: Orientation): Size {
  return orientation & SWAPPED ? { width: height, height: width } : { width, height };
}

/** The picture as it is coded. */
export function turned(image: Image, orientation: Orientation): Image {
  if (orientation === UPRIGHT) return image;
  const coded = turnedSize(image, orientation);
  const from = picturePixels(coded, orientation);
  return { ...image, ...coded, ...gathered(image, from) };
}

/** The picture, from the coded one. */
export function turnedBack(image: Image, orientation: Orientation): Image {
  if (orientation === UPRIGHT) return image;
  const from = new Uint32Array(image.width * image.height);
  picturePixels(image, orientation).forEach((pixel, coded) => {
    from[pixel] = coded;
  });
  return { ...image, ...turnedSize(image, orientation), ...gathered(image, from) };
}

export function encodeOrientation(coder: RangeEncoder, orientation: Orientation, of: number): void {
  for (let weight = of / 2; weight >= 1; weight /= 2) coder.encodeBit(orientation & weight ? 1 : 0);
}

export function decodeOrientation(coder: RangeDecoder, of: number): Orientation {
  let orientation = 0;
  for (let left = of; left > 1; left /= 2) orientation = 2 * orientation + coder.decodeBit();
  return orientation;
}

/** For every pixel of the coded picture, row by row, the index of the picture's pixel. */
function picturePixels({ width: wide, height: high }: Size, orientation: Orientation): Uint32Array {
  const { width } = turnedSize({ width: wide, height: high }, orientation);
  const from = new Uint32Array(wide * high);
  for (let v = 0, at = 0; v < high; v++) {
    for (let u = 0; u < wide; u++) {
      const across = orientation & MIRRORED ? wide - 1 - u : u;
      const down = orientation & UPSIDE_DOWN ? high - 1 - v : v;
      from[at++] = orientation & SWAPPED ? across * width + down : down * width + across;
    }
  }
  return from;
}

function gathered({ data, alpha }: Image, from: Uint32Array): Pick<Image, "data" | "alpha"> {
  const pixels = new Uint8Array(data.length);
  from.forEach((pixel, at) => {
    pixels[3 * at] = data[3 * pixel]!;
    pixels[3 * at + 1] = data[3 * pixel + 1]!;
    pixels[3 * at + 2] = data[3 * pixel + 2]!;
  });
  return { data: pixels, ...(alpha && { alpha: Uint8Array.from(from, (pixel) => alpha[pixel]!) }) };
}
