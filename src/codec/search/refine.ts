import { latentSize } from "../architecture.ts";
import { withGain } from "../autoencoder.ts";
import type { Image } from "../image.ts";
import type { Model } from "../model.ts";
import { BLOCK_CHANNELS, blockSize, pixelMask, toBlocks } from "../pixels.ts";
import { seededRandom } from "./random.ts";
import type { PricedStart } from "./start.ts";
import { lossOf, type Trial, tryLatents } from "./trial.ts";

/** Steps of the descent up to which each effort looks; the first two choose where it would start. */
const STEPS = [0, 0, 8, 16, 24, 36, 48, 72, 112, 160] as const;
export const MAX_EFFORT = STEPS.length - 1;
/** Larger images are coded in one pass: a look's time grows with their area, and what it gains falls. Effort 0, which is to be quick, and the others. */
const LARGEST_LOOKED_AT = 128 * 128;
const LARGEST_SEARCHED = 256 * 256;
const SEED = 1;

/** Whether an effort descends, for which a model must be ready. */
export function descends(effort: number): boolean {
  return (STEPS[effort] ?? 0) > 0;
}

export function isTooLargeToSearch({ width, height }: Image, effort: number): boolean {
  return width * height > (effort === 0 ? LARGEST_LOOKED_AT : LARGEST_SEARCHED);
}

/**
 * Moves `y` of a picture to where its file is better: fewer of bits + price · squared error, the loss of training. One descent, of
 * which each effort looks further than the one below; at each effort's end on the way the latents are coded as they would be, and
 * the best so far is kept. So no effort's loss is above that of a lower one.
 */
export function refine(model: Model, { image, y, trial, price }: PricedStart, effort: number): Trial {
  if (!descends(effort)) return trial;
  const { width, height } = image;
  const { quality } = trial;
  const { rows, columns } = blockSize(width, height);
  const blocks = new Float32Array(rows * columns * BLOCK_CHANNELS);
  toBlocks(image, blocks, 0);
  const channels = model.architecture.latentChannels;
  const descent = model.relaxation().descent(
    {
      shape: latentSize(width, height),
      blocks,
      mask: pixelMask(width, height),
      inverseGain: model.inverseGain.subarray((quality - 1) * channels, quality * channels),
      level: model.levels[quality - 1]!,
      price,
    },
    withGain(model, y, quality),
    seededRandom(SEED),
  );
  let best = trial;
  for (let at = 1; at <= effort; at++) {
    descent.run(STEPS[at]! - STEPS[at - 1]!);
    const found = tryLatents(model, image, descent.y, quality);
    if (lossOf(found, price) < lossOf(best, price)) best = found;
  }
  return best;
}
