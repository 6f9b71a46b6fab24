import { latentSize, STRIDE } from "./architecture.ts";
import type { Image } from "./image.ts";

/**
 * Pixels to network blocks and back. A block tensor is [rows/2, columns/2, 12]: space-to-depth of 2 in TensorFlow's
 * order, channel = (dy·2 + dx)·3 + colour, of the image padded on the right and below to multiples of 8 by
 * repeating its last column and row.
 */
export function toBlocks({ width, height, data }: Image, blocks: Float32Array, offset: number): void {
  const { rows, columns } = blockSize(width, height);
  for (let y = 0; y < rows * 2; y++) {
    const row = Math.min(y, height - 1) * width;
    for (let x = 0; x < columns * 2; x++) {
      const from = (row + Math.min(x, width - 1)) * 3;
      const to = offset + ((y >> 1) * columns + (x >> 1)) * 12 + ((y & 1) * 2 + (x & 1)) * 3;
      blocks[to] = data[from]! / 255 - 0.5;
      blocks[to + 1] = data[from + 1]! / 255 - 0.5;
      blocks[to + 2] = data[from + 2]! / 255 - 0.5;
    }
  }
}

/** The image of a block tensor, cropped and rounded; in grey when `grey` (luma of BT.601 in all three). */
export function fromBlocks(
  blocks: Float32Array,
  offset: number,
  width: number,
  height: number,
  grey: boolean,
): Image {
  const { columns } = blockSize(width, height);
  const data = new Uint8Array(width * height * 3);
  const level = (value: number) => Math.max(0, Math.min(255, Math.floor((value + 0.5) * 255 + 0.5)));
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      const from = offset + ((y >> 1) * columns + (x >> 1)) * 12 + ((y & 1) * 2 + (x & 1)) * 3;
      const [r, g, b] = [blocks[from]!, blocks[from + 1]!, blocks[from + 2]!];
      if (grey) data.fill(level(0.299 * r + 0.587 * g + 0.114 * b), to, to + 3);
      else {
        data[to] = level(r);
        data[to + 1] = level(g);
        data[to + 2] = level(b);
      }
    }
  }
  return { width, height, data };
}

/** Rows and columns of the block tensor of an image of this size. */
export function blockSize(width: number, height: number): { rows: number; columns: number } {
  const latents = latentSize(width, height);
  return { rows: (latents.rows * STRIDE) / 2, columns: (latents.columns * STRIDE) / 2 };
}
