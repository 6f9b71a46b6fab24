import { latentSize } from "../architecture.ts";
import { withGain } from "../autoencoder.ts";
import type { Image } from "../image.ts";
import type { Model } from "../model.ts";
import { BLOCK_CHANNELS, blockSize, inPictureUnit, pixelMask, toBlocks } from "../pixels.ts";
import { Descent } from "./descent.ts";
import { seededRandom } from "./random.ts";
import type { PricedStart } from "./start.ts";
import { lossOf, type Trial, tryLatents } from "./trial.ts";

/** Steps of the descent that each effort adds to those below; the first two choose where it would start. */
const STEPS = [0, 0, 12, 12, 16, 24, 36, 60, 100, 160] as const;
/** Steps from one look at what a file would be to the next. */
const LOOK_EVERY = 4;
export const MAX_EFFORT = STEPS.length - 1;
/** Larger images are coded in one pass: a look's time grows with their area, and what it gains falls. Effort 0, which is to be quick, and the others. */
const LARGEST_LOOKED_AT = 128 * 128;
const LARGEST_SEARCHED = 256 * 256;
const SEED = 1;

export function isTooLargeToSearch({ width, height }: Image, effort: number): boolean {
  return width * height > (effort === 0 ? LARGEST_LOOKED_AT : LARGEST_SEARCHED);
}

/**
 * Moves `y` of a picture to where its file is better: fewer of bits + price · squared error, the loss of training. One descent, of
 * which each effort goes a cycle further than the one below; every few steps the latents are coded as they would be, and the best so
 * far is kept. So no effort's loss is above that of a lower one.
 */
export function refine(model: Model, { image, y, trial, price }: PricedStart, effort: number): Trial {
  if (STEPS[effort] === 0) return trial;
  const { width, height } = image;
  const { quality } = trial;
  const { rows, columns } = blockSize(width, height);
  const blocks = new Float32Array(rows * columns * BLOCK_CHANNELS);
  toBlocks(image, blocks, 0);
  const channels = model.architecture.latentChannels;
  const descent = new Descent(
    model.relaxation().of(latentSize(width, height)),
    {
      blocks: inPictureUnit(blocks),
      mask: pixelMask(width, height),
      inverseGain: model.inverseGain.subarray((quality - 1) * channels, quality * channels),
      level: model.levels[quality - 1]!,
      price,
    },
    withGain(model, y, quality),
    seededRandom(SEED),
  );
  let best = trial;
  for (const length of STEPS.slice(0, effort + 1)) {
    for (let done = 0; done < length; done += LOOK_EVERY) {
      for (let step = done; step < done + LOOK_EVERY; step++) descent.step(step / length);
      const found = tryLatents(model, image, descent.y, quality);
      if (lossOf(found, price) < lossOf(best, price)) best = found;
    }
  }
  return best;
}
