import { ZippyNetError } from "./errors.ts";
import { isWhole } from "./validate.ts";

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

/** `Uint8Array` of a Node Buffer too, and of arrays from another realm, which `instanceof` does not know. */
function typeOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
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

/** Whether red, green and blue agree in every pixel. */
export function isGrey({ data }: Image): boolean {
  for (let i = 0; i < data.length; i += 3) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  }
  return true;
}
