import { ZippyNetError } from "../../codec/errors.ts";
import type { Image } from "../../codec/image.ts";
import { levelOf } from "../../codec/rate-distortion.ts";
import { QUALITIES } from "../../codec/target.ts";
import { type Cut, cutOf, type Sampling } from "../plan.ts";
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
/** Qualities that `Sampling.middle` means. */
const MIDDLE = [26, 79] as const;
/** Smallest share of an image's side that a crop of an aligned image keeps. */
const SMALLEST_ZOOM = 0.94;
/** Image pixels that one pixel of a patch spans at most. */
const LARGEST_SHRINK = 3;

/** Draws training batches; its whole state is that of `random`. */
export class Sampler {
  readonly #sets: readonly (readonly Image[])[];
  readonly #random: Random;
  readonly #sampling: Sampling;
  readonly #sizes: Shares<number>;
  readonly #folders: Shares<number>;

  /**
   * Throws `bad-option` if many images are smaller than the sizes.
   * @param sets of images, one a folder
   */
  constructor(sets: readonly (readonly Image[])[], random: Random, sampling: Sampling) {
    this.#sets = sets;
    this.#random = random;
    this.#sampling = sampling;
    const shares = sampling.shares ?? sets.map(({ length }) => length);
    if (shares.length !== sets.length) {
      throw new ZippyNetError(
        "bad-option",
        `--shares: expected one of each of ${sets.length} folders, got ${shares.length}`,
      );
    }
    this.#folders = sharesOf(sets.map((set, i) => [i, set.length > 0 ? shares[i]! : 0] as const));
    this.#sizes = sharesOf(this.#fitting(sampling.sizes));
  }

  #fitting(sizes: Sampling["sizes"]): readonly (readonly [size: number, share: number])[] {
    // what nearly all images have; the smallest is taken in any case
    const sides = this.#sets
      .flat()
      .map(shorterSide)
      .sort((a, b) => a - b);
    const common = Math.max(SMALLEST, sides[Math.floor(sides.length / 10)]!);
    const tooLarge = sizes?.find(([size]) => size > common);
    if (tooLarge) {
      throw new ZippyNetError(
        "bad-option",
        `--sizes: expected at most ${common} pixels, which nearly all images have, got ${tooLarge[0]}`,
      );
    }
    return sizes ?? SIZES.filter(([size]) => size <= common);
  }

  /** Images of one size, each at a level of its own. */
  next(): Batch {
    const size = this.#draw(this.#sizes);
    const n = batchSize(size, this.#sampling.batch);
    const images = Array.from({ length: n }, () => this.#sample(size));
    const levels = Float32Array.from({ length: n }, () => this.#level());
    return batchOf(images, levels);
  }

  /** Uniform in ±½, for the latents of a batch. */
  noise(count: number): Float32Array {
    const noise = new Float32Array(count);
    for (let i = 0; i < count; i++) noise[i] = this.#random.uniform() - 0.5;
    return noise;
  }

  #draw<T>(shares: Shares<T>): T {
    let left = this.#random.uniform();
    for (const [value, share] of shares) {
      left -= share;
      if (left < 0) return value;
    }
    return shares[0]![0];
  }

  #happens(share = 0): boolean {
    return share > 0 && this.#random.uniform() < share;
  }

  #level(): number {
    const [low, high] = this.#happens(this.#sampling.middle) ? MIDDLE : ([1, QUALITIES] as const);
    return this.#random.between(levelOf(low), levelOf(high));
  }

  #sample(size: number): Image {
    const folder = this.#draw(this.#folders);
    const set = this.#sets[folder]!;
    const image = set[this.#random.below(set.length)]!;
    const cut = cutOf(this.#sampling, folder);
    const { whole = 1 } = this.#sampling;
    const entire = cut === "aligned" && (whole === 1 || this.#happens(whole));
    const side = entire ? this.#zoomed(image) : this.#shrunk(image, size);
    const mirror = this.#random.uniform() < 0.5;
    return this.#coloured(resample(image, this.#place(image, side, cut), size, size, mirror));
  }

  #coloured(image: Image): Image {
    const { colour = 0, grey } = this.#sampling;
    const scales = [1, 1, 1].map((one) => (colour > 0 ? one + colour * this.#random.between(-1, 1) : one));
    const shifts = [0, 0, 0].map((zero) =>
      colour > 0 ? zero + 127.5 * colour * this.#random.between(-1, 1) : zero,
    );
    const withoutColour = this.#happens(grey);
    if (colour === 0 && !withoutColour) return image;
    const data = image.data.map((value, at) => clamped(value * scales[at % 3]! + shifts[at % 3]!));
    for (let at = 0; withoutColour && at < data.length; at += 3) {
      data.fill(clamped(0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!), at, at + 3);
    }
    return { ...image, data };
  }

  #zoomed(image: Image): number {
    return shorterSide(image) * this.#random.between(SMALLEST_ZOOM, 1);
  }

  #shrunk(image: Image, size: number): number {
    const largest = Math.min(shorterSide(image), size * LARGEST_SHRINK);
    return Math.min(largest, this.#random.between(size, Math.max(size, largest)));
  }

  /** A square of this side: anywhere for patches, within the centred square that the zoom leaves for aligned images. */
  #place(image: Image, side: number, cut: Cut): Crop {
    const { width, height } = image;
    const square = shorterSide(image);
    const [roomX, roomY] = cut === "aligned" ? [square, square] : [width, height];
    return {
      left: (width - roomX) / 2 + this.#random.uniform() * (roomX - side),
      top: (height - roomY) / 2 + this.#random.uniform() * (roomY - side),
      width: side,
      height: side,
    };
  }
}

/** Values and their shares, which sum to 1. */
type Shares<T> = readonly (readonly [value: T, share: number])[];

function sharesOf<T>(shares: Shares<T>): Shares<T> {
  const total = shares.reduce((sum, [, share]) => sum + share, 0);
  return shares.filter(([, share]) => share > 0).map(([value, share]) => [value, share / total]);
}

function clamped(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}
