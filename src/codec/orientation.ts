import type { RangeDecoder, RangeEncoder } from "./entropy/range-coder.ts";
import type { Image } from "./image.ts";

/**
 * How latents lie to the picture: a network is not the same to a picture and to its mirror image, so an encoder codes whichever it
 * codes best. The pixel (x, y) of the picture is pixel (u, v) of what the latents hold, `wide` × `high`:
 *
 * ```
 * bit 2 set   (u, v) = (y, x), else (x, y)
 * bit 0 set   u = wide − 1 − u              then the picture is mirrored left to right
 * bit 1 set   v = high − 1 − v              and upside down
 * ```
 *
 * A model says how many of the eight its files use, the first 1, 2, 4 or 8; that many bits of probability ½ tell which, before all
 * symbols.
 */
export type Orientation = number;

export const UPRIGHT: Orientation = 0;
const [MIRRORED, UPSIDE_DOWN, SWAPPED] = [1, 2, 4];
/** Numbers of orientations that a model may use. */
export const ORIENTATIONS = [1, 2, 4, 8] as const;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Size of what the latents hold, from that of the picture, or the other way round. */
export function turnedSize({ width, height }: Size, orientation: Orientation): Size {
  return orientation & SWAPPED ? { width: height, height: width } : { width, height };
}

/** A picture as its latents hold it. */
export function turned(image: Image, orientation: Orientation): Image {
  if (orientation === UPRIGHT) return image;
  const coded = turnedSize(image, orientation);
  const from = picturePixels(coded, orientation);
  return { ...image, ...coded, ...gathered(image, from) };
}

/** A picture, from what its latents hold. */
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

/** For every pixel of what the latents hold, row by row, the index of the picture's. */
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
