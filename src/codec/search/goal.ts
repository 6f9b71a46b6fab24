import { latentSize } from "../architecture.ts";
import type { Model } from "../model.ts";
import { BLOCK_CHANNELS, blockSize, inPictureUnit, pixelMask, toBlocks } from "../pixels.ts";
import type { Relaxed } from "./relaxation.ts";
import type { Picture } from "./relaxed-synthesis.ts";
import type { PricedStart } from "./start.ts";

/** What is to be coded, and what for. */
export interface Goal extends Picture {
  /** Quality feature of the prior. */
  readonly level: number;
  /** Bits that a squared error of one 8-bit level in one sample is worth. */
  readonly price: number;
}

/** @param start whose picture it is, and the quality of its gain */
export function goalOf(model: Model, { image, trial: { quality }, price }: PricedStart): Goal {
  const { width, height } = image;
  const { rows, columns } = blockSize(width, height);
  const blocks = new Float32Array(rows * columns * BLOCK_CHANNELS);
  toBlocks(image, blocks, 0);
  const channels = model.architecture.latentChannels;
  return {
    blocks: inPictureUnit(blocks),
    mask: pixelMask(width, height),
    inverseGain: model.inverseGain.subarray((quality - 1) * channels, quality * channels),
    level: model.levels[quality - 1]!,
    price,
  };
}

/** Networks with gradients for a start's picture. */
export function relaxedFor(model: Model, { image: { width, height } }: PricedStart): Relaxed {
  return model.relaxation().of(latentSize(width, height));
}
