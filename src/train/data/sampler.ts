import { ZippyNetError } from "../../codec/errors.ts";
import type { Image } from "../../codec/image.ts";
import { QUALITIES } from "../../codec/network/architecture.ts";
import { levelOf } from "../../codec/rate-distortion.ts";
import type { Cut } from "../plan.ts";
import { type Batch, batchOf, batchSize, shorterSide } from "./batch.ts";
import type { Random } from "./random.ts";
import { type Crop, resample } from "./resample.ts";

/** How often each size is drawn: half of the steps 42, a third 64, else one of the others. */
const SIZES: readonly (readonly [size: number, share: number])[] = [
  [42, 1 / 2],
  [64, 1 / 3],
  ...[32, 40, 48, 56, 72, 80, 96].map((size) => [size, 1 / 6 / 7] as const),
];
const SMALLEST = 32;
/** Smallest share of an image's side that a crop of an aligned image keeps. */
const SMALLEST_ZOOM = 0.94;
/** Image pixels that one pixel of a patch spans at most. */
const LARGEST_SHRINK = 3;

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
