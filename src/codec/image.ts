import { ZippyNetError } from "./errors.ts";

/** 8-bit sRGB pixels, row by row, three bytes (red, green, blue) a pixel. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Smallest and largest side, in pixels, of an image that a model can code. */
export const MIN_SIDE = 8;
export const MAX_SIDE = 1024;

/** Throws `bad-image` unless both sides lie in 8–1024 and there are three bytes a pixel. */
export function assertImage({ width, height, data }: Image): void {
  assertSize(width, height);
  if (data.length !== width * height * 3) {
    throw new ZippyNetError(
      "bad-image",
      `expected ${width * height * 3} bytes of RGB for ${width}×${height} pixels, got ${data.length}`,
    );
  }
}

export function assertSize(width: number, height: number): void {
  for (const [name, side] of [
    ["width", width],
    ["height", height],
  ] as const) {
    if (!Number.isInteger(side) || side < MIN_SIDE || side > MAX_SIDE) {
      throw new ZippyNetError(
        "bad-image",
        `expected a ${name} of ${MIN_SIDE}–${MAX_SIDE} pixels, got ${side}`,
      );
    }
  }
}

/** Whether red, green and blue agree in every pixel. */
export function isGrey({ data }: Image): boolean {
  for (let i = 0; i < data.length; i += 3) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  }
  return true;
}
