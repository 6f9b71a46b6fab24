import type { Header } from "../format/latents-file.ts";
import type { Image } from "../image.ts";
import type { Decoder, Model } from "../model.ts";
import { QUALITIES } from "../target.ts";
import { latentSize, STRIDE } from "./architecture.ts";
import { LATENT_UNIT } from "./prior.ts";
import {
  analysis,
  BLOCK_CHANNELS,
  FEATURE_LIMIT,
  FEATURE_UNIT,
  IMAGE_UNIT,
  LEVEL,
  PICTURE_UNIT,
  synthesis,
} from "./transforms.ts";

/**
 * Pixels to network blocks and back. A block tensor is [rows/2, columns/2, 12]: space-to-depth of 2 in TensorFlow's
 * order, channel = (dy·2 + dx)·3 + colour, of the image padded to multiples of 8 by repeating its edges: p missing
 * columns become floor(p/2) on the left and the rest on the right, rows likewise.
 */
export function toBlocks({ width, height, data }: Image, blocks: Float32Array, offset: number): void {
  const { rows, columns } = blockSize(width, height);
  const { left, top } = padding(width, height);
  for (let y = 0; y < rows * 2; y++) {
    const row = Math.max(0, Math.min(y - top, height - 1)) * width;
    for (let x = 0; x < columns * 2; x++) {
      const from = (row + Math.max(0, Math.min(x - left, width - 1))) * 3;
      const to = offset + blockIndex(x, y, columns);
      for (let c = 0; c < 3; c++) blocks[to + c] = data[from + c]! / 255 - 0.5;
    }
  }
}

/**
 * The output of `g_s` as an image, cropped and rounded. With `grey`, all three colours are the luma of BT.601.
 * @param blocks in `PICTURE_UNIT`: 32nds of a level, 0 in the middle
 */
export function fromBlocks(blocks: Int16Array, width: number, height: number, grey: boolean): Image {
  const { columns } = blockSize(width, height);
  const { left, top } = padding(width, height);
  const data = new Uint8Array(width * height * 3);
  // 127½ levels up, and half a level to round
  const level = (value: number) => Math.max(0, Math.min(255, Math.floor((value + 128 * LEVEL) / LEVEL)));
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      const from = blockIndex(x + left, y + top, columns);
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

/** Blocks as floats, −½ to ½, in the unit of what leaves `g_s`. */
export function inPictureUnit(blocks: Float32Array): Int16Array {
  return Int16Array.from(blocks, (value) =>
    Math.max(-32767, Math.min(32767, Math.round(value * PICTURE_UNIT))),
  );
}

/** Columns and rows of padding before the image. */
export function padding(width: number, height: number): { left: number; top: number } {
  const { rows, columns } = latentSize(width, height);
  return { left: (columns * STRIDE - width) >> 1, top: (rows * STRIDE - height) >> 1 };
}

/** 1 for image, 0 for padding, [1, rows/2, columns/2, 12]. */
export function pixelMask(width: number, height: number): Float32Array {
  const { rows, columns } = blockSize(width, height);
  const { left, top } = padding(width, height);
  const mask = new Float32Array(rows * columns * BLOCK_CHANNELS);
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) {
      const at = blockIndex(x, y, columns);
      mask.fill(1, at, at + 3);
    }
  }
  return mask;
}

/** Where the first colour of padded pixel (x, y) stands. */
function blockIndex(x: number, y: number, columns: number): number {
  return ((y >> 1) * columns + (x >> 1)) * BLOCK_CHANNELS + ((y & 1) * 2 + (x & 1)) * 3;
}

/** Rows and columns of the block tensor of an image of this size. */
export function blockSize(width: number, height: number): { rows: number; columns: number } {
  const latents = latentSize(width, height);
  return { rows: (latents.rows * STRIDE) / 2, columns: (latents.columns * STRIDE) / 2 };
}

/** What the header says of a picture. */
export type PictureHeader = Pick<Header, "width" | "height" | "quality" | "grey">;

/** `y` of an image before gain, [rows, columns, latentChannels]. */
export function analyse({ architecture, analysis: engine }: Model, image: Image): Float32Array {
  const size = { ...blockSize(image.width, image.height), channels: BLOCK_CHANNELS };
  const blocks = new Float32Array(size.rows * size.columns * BLOCK_CHANNELS);
  toBlocks(image, blocks, 0);
  const input = Int16Array.from(blocks, (value) => Math.round(value * IMAGE_UNIT));
  const output = engine.run(input, size, (layers, x) => analysis(architecture, layers, x));
  return Float32Array.from(output, (value) => value / FEATURE_UNIT);
}

/** `y` as it is quantised at a quality: times the gain of each channel. */
export function withGain({ gain }: Model, y: Float32Array, quality: number): Float32Array {
  const channels = gain.length / QUALITIES;
  const from = (quality - 1) * channels;
  return y.map((value, at) => value * gain[from + (at % channels)]!);
}

/** Pixels of `y_hat` in 32nds. */
export function reconstruct(model: Decoder, header: PictureHeader, yHat: Int16Array): Image {
  const { architecture, synthesis: engine } = model;
  const { width, height, quality, grey } = header;
  const size = { ...latentSize(width, height), channels: architecture.latentChannels };
  const blocks = engine.run(withInverseGain(model, yHat, quality), size, (layers, x) =>
    synthesis(architecture, layers, x),
  );
  return fromBlocks(blocks, width, height, grey);
}

/** The input of `g_s`, as integers. */
function withInverseGain({ inverseGain }: Decoder, yHat: Int16Array, quality: number): Int16Array {
  const channels = inverseGain.length / QUALITIES;
  const from = (quality - 1) * channels;
  // products of doubles, rounded: the same on every machine
  return yHat.map((units, at) => {
    const value = Math.round(units * inverseGain[from + (at % channels)]! * (FEATURE_UNIT / LATENT_UNIT));
    return Math.max(-FEATURE_LIMIT, Math.min(FEATURE_LIMIT, value));
  });
}
