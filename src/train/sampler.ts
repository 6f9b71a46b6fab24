import { ZippyNetError } from "../codec/errors.ts";
import type { Image } from "../codec/image.ts";
import { QUALITIES, STRIDE } from "../codec/network/architecture.ts";
import { blockSize, toBlocks } from "../codec/network/space-to-depth.ts";
import { levelOf } from "../codec/rate-distortion.ts";
import type { Batch } from "./graph.ts";
import type { Random } from "./random.ts";
import { type Crop, resample } from "./resample.ts";

/** How often each size is drawn: half of the steps 42, a third 64, else one of the others. */
const SIZES: readonly (readonly [size: number, share: number])[] = [
  [42, 1 / 2],
  [64, 1 / 3],
  ...[32, 40, 48, 56, 72, 80, 96].map((size) => [size, 1 / 6 / 7] as const),
];
const SMALLEST = 32;
/** Padded pixels of a batch: 32 images of 42×42. */
const BATCH_PIXELS = 32 * 48 * 48;
/** Smallest share of an image's side that a crop of an aligned image keeps. */
const SMALLEST_ZOOM = 0.94;
/** Image pixels that one pixel of a patch spans at most. */
const LARGEST_SHRINK = 3;

/** How samples are cut: whole images, barely moved, or patches from anywhere. */
export type Cut = "aligned" | "patches";

/** Draws training batches; its whole state is that of `random`. */
export class Sampler {
  readonly #images: readonly Image[];
  readonly #random: Random;
  readonly #cut: Cut;
  readonly #sizes: readonly (readonly [number, number])[];

  /**
   * Throws `bad-option` if many images are smaller than the sizes.
   * @param sizes of the samples, each as often; the usual ones if not stated
   */
  constructor(images: readonly Image[], random: Random, cut: Cut, sizes?: readonly number[]) {
    this.#images = images;
    this.#random = random;
    this.#cut = cut;
    // what nearly all images have; the smallest is taken in any case
    const sides = images.map(shorterSide).sort((a, b) => a - b);
    const common = Math.max(SMALLEST, sides[Math.floor(sides.length / 10)]!);
    const shares = sizes ? sizes.map((size) => [size, 1] as const) : SIZES.filter(([size]) => size <= common);
    const tooLarge = shares.find(([size]) => size > common);
    if (tooLarge) {
      throw new ZippyNetError(
        "bad-option",
        `--sizes: expected at most ${common} pixels, which nearly all images have, got ${tooLarge[0]}`,
      );
    }
    const total = shares.reduce((sum, [, share]) => sum + share, 0);
    this.#sizes = shares.map(([size, share]) => [size, share / total]);
  }

  /** Images of one size, each at a level of its own. */
  next(): Batch {
    const size = this.#size();
    const n = batchSize(size);
    const images = Array.from({ length: n }, () => this.#sample(size));
    const levels = Float32Array.from({ length: n }, () =>
      this.#random.between(levelOf(1), levelOf(QUALITIES)),
    );
    return batchOf(images, levels);
  }

  /** Uniform in ±½, for the latents of a batch. */
  noise(count: number): Float32Array {
    const noise = new Float32Array(count);
    for (let i = 0; i < count; i++) noise[i] = this.#random.uniform() - 0.5;
    return noise;
  }

  #size(): number {
    let left = this.#random.uniform();
    for (const [size, share] of this.#sizes) {
      left -= share;
      if (left < 0) return size;
    }
    return this.#sizes[0]![0];
  }

  #sample(size: number): Image {
    const image = this.#images[this.#random.below(this.#images.length)]!;
    const side = this.#cut === "aligned" ? this.#zoomed(image) : this.#shrunk(image, size);
    const mirror = this.#random.uniform() < 0.5;
    return resample(image, this.#place(image, side), size, size, mirror);
  }

  #zoomed(image: Image): number {
    return shorterSide(image) * this.#random.between(SMALLEST_ZOOM, 1);
  }

  #shrunk(image: Image, size: number): number {
    const largest = Math.min(shorterSide(image), size * LARGEST_SHRINK);
    return Math.min(largest, this.#random.between(size, Math.max(size, largest)));
  }

  /** A square of this side: anywhere for patches, within the centred square that the zoom leaves for aligned images. */
  #place(image: Image, side: number): Crop {
    const { width, height } = image;
    const square = shorterSide(image);
    const [roomX, roomY] = this.#cut === "aligned" ? [square, square] : [width, height];
    return {
      left: (width - roomX) / 2 + this.#random.uniform() * (roomX - side),
      top: (height - roomY) / 2 + this.#random.uniform() * (roomY - side),
      width: side,
      height: side,
    };
  }
}

/** Images of a size whose padded pixels make one batch. */
export function batchSize(size: number): number {
  const padded = Math.ceil(size / STRIDE) * STRIDE;
  return Math.max(1, Math.round(BATCH_PIXELS / padded ** 2));
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

function shorterSide({ width, height }: Image): number {
  return Math.min(width, height);
}
