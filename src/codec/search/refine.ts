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
export class Refinement {
  readonly #model: Model;
  readonly #start: PricedStart;
  /** What each effort so far found. */
  readonly #found: Trial[] = [];
  #descent: Descent | undefined;

  constructor(model: Model, start: PricedStart) {
    this.#model = model;
    this.#start = start;
  }

  /** What an effort finds; goes on from where the highest so far ended. */
  upTo(effort: number): Trial {
    for (let level = this.#found.length; level <= effort; level++) {
      this.#found.push(this.#cycle(this.#found.at(-1) ?? this.#start.trial, STEPS[level]!));
    }
    return this.#found[effort]!;
  }

  #cycle(before: Trial, length: number): Trial {
    const { image, price, trial } = this.#start;
    let best = before;
    for (let done = 0; done < length; done += LOOK_EVERY) {
      this.#descent ??= descentFrom(this.#model, this.#start);
      for (let step = done; step < done + LOOK_EVERY; step++) this.#descent.step(step / length);
      const found = tryLatents(this.#model, image, this.#descent.y, trial.quality);
      if (lossOf(found, price) < lossOf(best, price)) best = found;
    }
    return best;
  }
}

function descentFrom(model: Model, { image, y, trial: { quality }, price }: PricedStart): Descent {
  const { width, height } = image;
  const { rows, columns } = blockSize(width, height);
  const blocks = new Float32Array(rows * columns * BLOCK_CHANNELS);
  toBlocks(image, blocks, 0);
  const channels = model.architecture.latentChannels;
  return new Descent(
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
}
