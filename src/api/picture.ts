import { badOption, describeValue, isWhole, typeOf, ZippyNetError } from "../codec/errors.ts";
import type { Image } from "../codec/image.ts";

/**
 * A picture as `ImageData` is: 8-bit sRGB, row by row, `channels` bytes a pixel (red, green, blue and, of 4, opacity).
 */
export interface Picture {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** What can be encoded: ImageData, a `Picture`, or sharp's raw pixels. Three bytes a pixel are RGB, four are RGBA. */
export interface PictureLike {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** Bytes of a pixel: 3 are RGB, 4 are RGBA. */
export type Channels = 3 | 4;

/** Types of those that may hold a JPEG or the like. */
const FILES: readonly string[] = ["ArrayBuffer", "Blob", "File"];

/**
 * Pixels of a caller → those of the codec, copied, because the caller may use its memory for other things while they
 * wait for a thread. Throws `bad-image` unless there are 3 or 4 bytes for each pixel.
 */
export function imageOf(picture: PictureLike): Image {
  if (typeof picture !== "object" || picture === null || !("data" in picture)) {
    const isFile = ArrayBuffer.isView(picture) || FILES.includes(typeOf(picture));
    const hint = isFile ? ", whose pixels sharp reads in Node, and square() in a page" : "";
    throw badOption("expected a picture as { width, height, data }", picture, hint);
  }
  const { width, height, data } = picture;
  for (const [name, side] of Object.entries({ width, height })) {
    if (!isWhole(side, 1))
      throw new ZippyNetError(
        "bad-image",
        `expected a ${name} of 1 pixel or more, got ${describeValue(side)}`,
      );
  }
  const type = typeOf(data);
  if (type !== "Uint8Array" && type !== "Uint8ClampedArray") {
    const wanted = "expected data as a Uint8Array or Uint8ClampedArray";
    throw new ZippyNetError("bad-option", `${wanted}, got ${type}`);
  }
  const channels = data.length / (width * height);
  if (channels === 3) return { width, height, data: new Uint8Array(data) };
  if (channels === 4) return opaqueWhereItCan(width, height, data);
  const [rgb, rgba] = [width * height * 3, width * height * 4];
  throw new ZippyNetError(
    "bad-image",
    `expected ${rgb} bytes of RGB or ${rgba} of RGBA for ${width}×${height} pixels, got ${data.length}`,
  );
}

/** Pixels of the codec → those of a caller. Of 3 channels, what is transparent keeps its colour. */
export function pictureOf({ width, height, data, alpha }: Image, channels: Channels = 4): Picture {
  if (channels === 3) return { width, height, data: Uint8ClampedArray.from(data) };
  const out = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    out[i * 4] = data[i * 3]!;
    out[i * 4 + 1] = data[i * 3 + 1]!;
    out[i * 4 + 2] = data[i * 3 + 2]!;
    out[i * 4 + 3] = alpha ? alpha[i]! : 255;
  }
  return { width, height, data: out };
}

/** Alpha that is opaque everywhere is none. */
function opaqueWhereItCan(width: number, height: number, rgba: Uint8Array | Uint8ClampedArray): Image {
  const [data, alpha] = [new Uint8Array(width * height * 3), new Uint8Array(width * height)];
  let transparent = false;
  for (let i = 0; i < alpha.length; i++) {
    for (let c = 0; c < 3; c++) data[i * 3 + c] = rgba[i * 4 + c]!;
    const opacity = rgba[i * 4 + 3]!;
    alpha[i] = opacity;
    transparent ||= opacity < 255;
  }
  return transparent ? { width, height, data, alpha } : { width, height, data };
}
