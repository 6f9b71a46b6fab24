import { RangeEncoder } from "./entropy/range-coder.ts";
import { assertWithin } from "./errors.ts";
import { checkByte, type Header, writeLatentsFile } from "./format/latents-file.ts";
import { assertImage, encodeOrientation, type Image, isGrey, type Orientation, UPRIGHT } from "./image.ts";
import type { Model } from "./model.ts";
import { lambdaOf } from "./rate-distortion.ts";
import {
  type Analysed,
  analysed,
  bestStart,
  corrections,
  fittingGain,
  type Start,
  startAt,
  type WeighedStart,
} from "./rdo/candidates.ts";
import { type Loss, type Trial, weighedBy } from "./rdo/objective.ts";
import { isTooLargeToSearch, refined, type SearchListener } from "./rdo/refine.ts";
import { MAX_EFFORT, QUALITIES } from "./target.ts";

/** An encoded image, and what the encoder knows of it. */
export interface Encoded {
  /** The `.zn` file. */
  readonly file: Uint8Array;
  /**
   * The quality in the file, 1–100. From effort 1 on it may differ from the one asked for: the encoder chooses the
   * gain.
   */
  readonly quality: number;
  /** Bits of the payload by the model's tables; the range coder adds less than a byte, the header 3–8 bytes. */
  readonly estimatedBits: number;
  readonly orientation: Orientation;
  /** [rows, columns, latentChannels], in 32nds: what the decoder will find. */
  readonly yHat: Int16Array;
  /** Sum of squared errors of 8-bit samples; opacity counts where the image has any. Found when first asked for. */
  readonly sse: number;
  /** Bits that a squared error was worth. */
  readonly lambda: number;
}

/**
 * Encodes an image with a model. Throws `bad-image` or `bad-option`.
 *
 * @param quality 1–100: chooses the gain of the latents, and how many bits a squared error is worth
 * @param effort 0–9: 0 tries each orientation and corrects the best; 1 also chooses the gain; higher ones search for
 * better latents, see `rdo/`
 * @example
 * const { file } = encodeImage(model, { width: 42, height: 42, data: rgb }, 50);
 */
export function encodeImage(model: Model, image: Image, quality: number, effort = 0): Encoded {
  assertWithin("quality", quality, 1, QUALITIES);
  assertWithin("effort", effort, 0, MAX_EFFORT);
  assertImage(image);
  return new ImageEncoder(model, image).encode(quality, effort);
}

/**
 * Encodes an image in a single pass of the networks, upright and with the gain of its quality. Throws as `encodeImage`.
 */
export function encodeInOnePass(model: Model, image: Image, quality: number): Encoded {
  assertWithin("quality", quality, 1, QUALITIES);
  assertImage(image);
  return new ImageEncoder(model, image).encodeInOnePass(quality);
}

/**
 * Encodes one image at several qualities and efforts. Each orientation is analysed once, and what effort 1 finds at a
 * quality serves all efforts. Trusts its caller that all is within bounds.
 */
export class ImageEncoder {
  readonly model: Model;
  /** Called with how far a search from effort 2 on has come. It may be replaced while a search runs. */
  onSearch: SearchListener | undefined;
  readonly #image: Image;
  readonly #analysed = new Map<Orientation, Analysed>();
  readonly #searches = new Map<number, Search>();

  constructor(model: Model, image: Image) {
    this.model = model;
    this.#image = image;
  }

  /** As `encodeImage`. */
  encode(quality: number, effort: number): Encoded {
    if (isTooLargeToSearch(this.#image, effort)) return this.encodeInOnePass(quality);
    const { model } = this;
    const search = this.#search(quality);
    search.start ??= bestStart(this.#ways(search, quality), quality);
    if (effort === 0) return this.#write(search.start, search.start.trial, lambdaOf(quality));
    search.fitting ??= fittingGain(model, search.start);
    const { lambda } = search.fitting;
    const found = refined(model, search.fitting, weighedBy(lambda), effort, { onProgress: this.#onProgress });
    return this.#write(search.start, found, lambda);
  }

  /** As the function `encodeInOnePass`. */
  encodeInOnePass(quality: number): Encoded {
    const { upright } = this.#search(quality);
    return this.#write(upright, upright.trial, lambdaOf(quality));
  }

  /**
   * The ways to code the picture that effort 0 chooses from at a quality; each may be tried at others too, by
   * `encodeAs`.
   */
  waysAt(quality: number): readonly Way[] {
    return this.#ways(this.#search(quality), quality).map((start) => ({
      start,
      encoded: this.#written(start),
    }));
  }

  /** One pass of a way at another quality. `g_a` does not run again. */
  encodeAs({ start }: Way, quality: number): Encoded {
    return this.#written(startAt(this.model, start, quality));
  }

  /**
   * Refines a way's latents at a quality.
   * @param loss what the search minimises
   * @param onDecoded called with all latents that were decoded, and with what writes their file
   */
  refine(
    { start }: Way,
    quality: number,
    loss: Loss,
    effort: number,
    onDecoded: (trial: Trial, encode: () => Encoded) => void,
  ): void {
    const from = startAt(this.model, start, quality);
    refined(this.model, from, loss, effort, {
      onDecoded: (trial) => onDecoded(trial, () => this.#write(from, trial, loss.lambdaAt(trial))),
      onProgress: this.#onProgress,
    });
  }

  /** Looks `onSearch` up at each call, since it may have been replaced. */
  readonly #onProgress: SearchListener = (done, total) => this.onSearch?.(done, total);

  #ways(search: Search, quality: number): readonly Start[] {
    search.ways ??= corrections(this.model, this.#bestOrientation(search, quality));
    return search.ways;
  }

  #written(start: Start): Encoded {
    return this.#write(start, start.trial, lambdaOf(start.trial.quality));
  }

  #search(quality: number): Search {
    const search = this.#searches.get(quality) ?? { upright: this.#startAt(UPRIGHT, quality) };
    this.#searches.set(quality, search);
    return search;
  }

  #bestOrientation({ upright }: Search, quality: number): Start {
    const starts = [upright];
    for (let orientation = UPRIGHT + 1; orientation < this.model.orientations; orientation++) {
      if (this.model.budget?.isSpent()) break;
      starts.push(this.#startAt(orientation, quality));
    }
    return bestStart(starts, quality);
  }

  #startAt(orientation: Orientation, quality: number): Start {
    const picture = this.#analysed.get(orientation) ?? analysed(this.model, this.#image, orientation);
    this.#analysed.set(orientation, picture);
    return startAt(this.model, picture, quality);
  }

  #write({ orientation }: Start, trial: Trial, lambda: number): Encoded {
    return write(this.model, this.#image, orientation, trial, lambda);
  }
}

/** A picture in one orientation, with or without a share of an error added, and the file that it gives. */
export interface Way {
  readonly start: Start;
  readonly encoded: Encoded;
}

/** How far the search for a file of a quality has come. */
interface Search {
  readonly upright: Start;
  ways?: readonly Start[];
  start?: Start;
  fitting?: WeighedStart;
}

function write(
  { number, orientations, tables }: Model,
  image: Image,
  orientation: Orientation,
  trial: Trial,
  lambda: number,
): Encoded {
  const { quality, yHat, scales, symbols, bits } = trial;
  const coder = new RangeEncoder();
  encodeOrientation(coder, orientation, orientations);
  symbols.forEach((symbol, i) => {
    tables.encode(coder, scales[i]!, symbol);
  });
  const { width, height } = image;
  const header: Header = { model: number, quality, grey: isGrey(image), width, height };
  return {
    file: writeLatentsFile(header, checkByte(header, orientation, yHat), coder.finish()),
    quality,
    estimatedBits: Math.log2(orientations) + bits,
    orientation,
    yHat,
    get sse() {
      return trial.sse;
    },
    lambda,
  };
}
