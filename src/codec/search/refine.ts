import { latentSize } from "../architecture.ts";
import { reconstruct } from "../autoencoder.ts";
import { type Image, isGrey, withAlphaOf } from "../image.ts";
import { type LatentShape, quantiseLatents } from "../latents.ts";
import type { Model } from "../model.ts";
import { blockSize, pixelMask, toBlocks } from "../pixels.ts";
import { squaredError } from "../psnr.ts";
import { priceOf } from "../quality.ts";
import { Descent } from "./descent.ts";
import { seededRandom } from "./random.ts";

/** Steps of the descent up to which each effort looks. */
const STEPS = [0, 6, 12, 18, 24, 36, 48, 72, 112, 160] as const;
export const MAX_EFFORT = STEPS.length - 1;
/** Larger images are not searched: a step's memory and time grow with their area. */
export const LARGEST_SEARCHED = 256 * 256;
/** Pixels that are searched at once; memory grows with them. */
const PIXELS_AT_ONCE = 256 * 256;
const SEED = 1;

export interface RefineOptions {
  readonly quality: number;
  /** 0–9. */
  readonly effort: number;
}

/**
 * Moves `y` of images of one size to where their files are better: fewer of bits + w/3 · squared error, the loss of training,
 * with w the quality's. One descent, of which each effort looks further than the one below; at each effort's end on the way
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
  if (options.effort === 0 || width * height > LARGEST_SEARCHED) return y;
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
  const { quality, effort } = options;
  const { width, height } = images[0]!;
  const shape: LatentShape = { n: images.length, ...latentSize(width, height) };
  const price = priceOf(quality);
  const losses = lossesOf(model, images, best, shape, quality, price);
  const { rows, columns } = blockSize(width, height);
  const blocks = new Float32Array(images.length * rows * columns * 12);
  images.forEach((image, i) => {
    toBlocks(image, blocks, i * rows * columns * 12);
  });
  const channels = model.architecture.latentChannels;
  const descent = new Descent(
    {
      architecture: model.architecture,
      ...model.relaxation(),
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
    const found = lossesOf(model, images, descent.y, shape, quality, price);
    const length = best.length / images.length;
    found.forEach((loss, i) => {
      if (loss >= losses[i]!) return;
      losses[i] = loss;
      best.set(descent.y.subarray(i * length, (i + 1) * length), i * length);
    });
  }
}

/** Bits + price · squared error of 8-bit pixels of each image, if its file held this `y`. */
function lossesOf(
  model: Model,
  images: readonly Image[],
  y: Float32Array,
  shape: LatentShape,
  quality: number,
  price: number,
): number[] {
  const losses = new Array<number>(images.length).fill(0);
  const yHat = quantiseLatents(model, y, shape, quality, (image, scale, symbol) => {
    losses[image]! += model.tables.cost(scale, symbol);
  });
  const headers = images.map((image) => ({ ...image, quality, grey: isGrey(image) }));
  const decoded = reconstruct(model, headers, yHat);
  return losses.map(
    (bits, i) => bits + price * squaredError(images[i]!, withAlphaOf(images[i]!, decoded[i]!)),
  );
}
