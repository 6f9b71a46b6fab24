import { latentSize } from "../architecture.ts";
import type { Image } from "../image.ts";
import type { LatentShape } from "../latents.ts";
import type { Model } from "../model.ts";
import { blockSize, pixelMask, toBlocks } from "../pixels.ts";
import { lossesOf } from "./loss.ts";
import { seededRandom } from "./random.ts";

/** Steps of the descent up to which each effort looks; the first only fits the gain. */
const STEPS = [0, 0, 8, 16, 24, 36, 48, 72, 112, 160] as const;
export const MAX_EFFORT = STEPS.length - 1;
/** Larger images are not searched: a step's memory and time grow with their area. */
const LARGEST_SEARCHED = 256 * 256;
/** Pixels that are searched at once; memory grows with them. */
const PIXELS_AT_ONCE = 256 * 256;
const SEED = 1;

/** Whether an effort descends, for which a model must be ready. */
export function descends(effort: number): boolean {
  return (STEPS[effort] ?? 0) > 0;
}

export function isTooLargeToSearch({ width, height }: Image): boolean {
  return width * height > LARGEST_SEARCHED;
}

export interface RefineOptions {
  /** Whose gain `y` has. */
  readonly quality: number;
  /** Bits that a squared error of one 8-bit level in one sample is worth. */
  readonly price: number;
  /** 0–9. */
  readonly effort: number;
}

/**
 * Moves `y` of images of one size to where their files are better: fewer of bits + price · squared error, the loss of training. One descent, of which each effort looks further than the one below; at each effort's end on the way
 * the latents are coded as they would be, and the best so far is kept. So no effort's loss is above that of a lower one.
 *
 * @param y [n, rows, columns, latentChannels] after gain
 */
export function refine(
  model: Model,
  images: readonly Image[],
  y: Float32Array,
  options: RefineOptions,
): Float32Array {
  const { width, height } = images[0]!;
  if (STEPS[options.effort] === 0) return y;
  const best = Float32Array.from(y);
  const length = y.length / images.length;
  const batch = Math.max(1, Math.floor(PIXELS_AT_ONCE / (width * height)));
  for (let i = 0; i < images.length; i += batch) {
    const some = images.slice(i, i + batch);
    search(model, some, best.subarray(i * length, (i + some.length) * length), options);
  }
  return best;
}

function search(model: Model, images: readonly Image[], best: Float32Array, options: RefineOptions): void {
  const { quality, price, effort } = options;
  const { width, height } = images[0]!;
  const shape: LatentShape = { n: images.length, ...latentSize(width, height) };
  const losses = lossesOf(model, images, best, options);
  const { rows, columns } = blockSize(width, height);
  const blocks = new Float32Array(images.length * rows * columns * 12);
  images.forEach((image, i) => {
    toBlocks(image, blocks, i * rows * columns * 12);
  });
  const channels = model.architecture.latentChannels;
  const descent = model.relaxation().descent(
    {
      shape,
      blocks,
      mask: pixelMask(width, height),
      inverseGain: model.inverseGain.subarray((quality - 1) * channels, quality * channels),
      level: model.levels[quality - 1]!,
      price,
    },
    best,
    images.map(() => seededRandom(SEED)),
  );
  for (let at = 1; at <= effort; at++) {
    descent.run(STEPS[at]! - STEPS[at - 1]!);
    const found = lossesOf(model, images, descent.y, options);
    const length = best.length / images.length;
    found.forEach((loss, i) => {
      if (loss >= losses[i]!) return;
      losses[i] = loss;
      best.set(descent.y.subarray(i * length, (i + 1) * length), i * length);
    });
  }
}
