import type { Image } from "../../codec/image.ts";

/** Four bytes a pixel, all opaque: what most codecs for the web take. */
export function toRgba({ width, height, data }: Image): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) rgba[i * 4 + c] = data[i * 3 + c]!;
  }
  return rgba;
}

/** The first three of every four bytes. */
export function fromRgba({ width, height }: Pick<Image, "width" | "height">, rgba: ArrayLike<number>): Image {
  if (rgba.length !== width * height * 4) {
    throw new Error(`expected ${width * height * 4} bytes of ${width}×${height} pixels, got ${rgba.length}`);
  }
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => rgba[Math.floor(i / 3) * 4 + (i % 3)]!),
  };
}
