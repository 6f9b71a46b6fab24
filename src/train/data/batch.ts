import type { Image } from "../../codec/image.ts";
import { STRIDE } from "../../codec/network/architecture.ts";
import { blockSize, toBlocks } from "../../codec/network/autoencoder.ts";
import { BATCH } from "../plan.ts";
import { resample } from "./resample.ts";

/** Pixels of 42×42 with padding. */
const PADDED = 48 * 48;

/** Images of one size, as the networks take them. */
export interface Batch {
  readonly width: number;
  readonly height: number;
  /** [n, rows/2, columns/2, 12] blocks, −½ to ½; see `toBlocks`. */
  readonly blocks: Float32Array;
  /** Training level of each image. */
  readonly levels: Float32Array;
}

/**
 * Images of a size that have as many pixels, with padding, as a batch of 42×42.
 * @param images of 42×42
 */
export function batchSize(size: number, images: number = BATCH): number {
  const padded = Math.ceil(size / STRIDE) * STRIDE;
  return Math.max(1, Math.round((images * PADDED) / padded ** 2));
}

/** The centred square of an image, scaled. */
export function centred(image: Image, size: number): Image {
  const side = shorterSide(image);
  const crop = { left: (image.width - side) / 2, top: (image.height - side) / 2, width: side, height: side };
  return resample(image, crop, size, size);
}

/** Images of one size and their levels, for the graph. */
export function batchOf(images: readonly Image[], levels: Float32Array): Batch {
  const { width, height } = images[0]!;
  const { rows, columns } = blockSize(width, height);
  const length = rows * columns * 12;
  const blocks = new Float32Array(images.length * length);
  images.forEach((image, i) => {
    toBlocks(image, blocks, i * length);
  });
  return { width, height, blocks, levels };
}

export function shorterSide({ width, height }: Image): number {
  return Math.min(width, height);
}
