import type { RangeDecoder, RangeEncoder } from "./entropy/range-coder.ts";
import type { Image } from "./image.ts";

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
