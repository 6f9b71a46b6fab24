import type { Image } from "../image.ts";
import type { Model } from "../model.ts";
import { latentSize } from "../network/architecture.ts";
import { BLOCK_CHANNELS, blockSize, inPictureUnit, pixelMask, toBlocks } from "../network/space-to-depth.ts";
import type { Relaxed } from "./relaxation.ts";
import type { Picture } from "./relaxed-synthesis.ts";

/** What a search minimises: bits + λ · SSE of a picture. */
export interface Goal extends Picture {
  /** Quality feature of the prior. */
  readonly level: number;
  /** Bits that a squared error of one 8-bit level in one sample is worth. */
  readonly lambda: number;
}

/** @param quality whose gain the latents have */
export function goalOf(model: Model, image: Image, quality: number, lambda: number): Goal {
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
    lambda,
  };
}

/** Networks with gradients for a picture. */
export function relaxedFor(model: Model, { width, height }: Image): Relaxed {
  return model.relaxation().of(latentSize(width, height));
}
