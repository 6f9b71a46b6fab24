import { RangeEncoder } from "./entropy/range-coder.ts";
import { assertWithin } from "./errors.ts";
import { checkByte, type Header, writeLatentsFile } from "./format/latents-file.ts";
import { assertImage, encodeOrientation, type Image, isGrey, type Orientation, UPRIGHT } from "./image.ts";
import type { Model } from "./model.ts";
import { lambdaOf } from "./rate-distortion.ts";
import { type Loss, weighedBy } from "./rdo/objective.ts";
import { isTooLargeToSearch, refined, type SearchListener, squeeze } from "./rdo/refine.ts";
import {
  type Analysis,
  analysisOf,
  bestOf,
  corrections,
  type Fitted,
  fittedGain,
  type Trial,
  trialOf,
} from "./rdo/trials.ts";
import { MAX_EFFORT, QUALITIES } from "./target.ts";

/** An encoded image, and what the encoder knows of it. */
export interface Encoded {
  /** The `.zn` file. */
  readonly file: Uint8Array<ArrayBuffer>;
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
 * `g_a` makes an `Analysis` of the picture in one orientation. An analysis at the gain of a quality, rounded and with
 * its bits counted, is a `Trial`. Every stage of the encoder makes trials and keeps the one of the least loss, which is
 * bits + λ · SSE:
 *
 * 1. one trial for each orientation that the model's files use,
 * 2. in the best orientation three more, of the picture plus shares of the error so far (`corrections`): effort 0,
 * 3. the same analysis at other gains; they also tell the picture's own λ (`fittedGain`): effort 1,
 * 4. gradient descent and moves of single symbols from there (`refined`): efforts 2–9.
 *
 * The range coder then writes the symbols of the best trial.
 *
 * @param quality 1–100: chooses the gain of the latents, and how many bits a squared error is worth
 * @param effort 0–9: how many of these stages are run, and how long the last one searches
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
 * Encodes an image in a single run of the networks, upright and with the gain of its quality. Throws as `encodeImage`.
 */
export function encodeInOneRun(model: Model, image: Image, quality: number): Encoded {
  assertWithin("quality", quality, 1, QUALITIES);
  assertImage(image);
  return new ImageEncoder(model, image).encodeInOneRun(quality);
}

/**
 * Encodes one image at several qualities and efforts, by the stages of `encodeImage`. Each orientation is analysed
 * once, and what a stage has found at a quality serves all efforts. Trusts its caller that all is within bounds.
 */
export class ImageEncoder {
  readonly model: Model;
  /** Called with how far a search from effort 2 on has come. It may be replaced while a search runs. */
  onSearch: SearchListener | undefined;
  readonly #image: Image;
  readonly #analyses = new Map<Orientation, Analysis>();
  readonly #found = new Map<number, Found>();

  constructor(model: Model, image: Image) {
    this.model = model;
    this.#image = image;
  }

  /** As `encodeImage`. */
  encode(quality: number, effort: number): Encoded {
    if (isTooLargeToSearch(this.#image, effort)) return this.encodeInOneRun(quality);
    const found = this.#at(quality);
    found.best ??= bestOf(this.trialsAt(quality), lambdaOf(quality));
    if (effort === 0) return this.write(found.best);
    found.fitted ??= fittedGain(this.model, found.best);
    const { trial, lambda } = found.fitted;
    return this.write(this.refined(trial, weighedBy(lambda), effort), lambda);
  }

  /** As the function `encodeInOneRun`. */
  encodeInOneRun(quality: number): Encoded {
    return this.write(this.#at(quality).upright);
  }

  /** In the best orientation, without the corrections of effort 0; upright if the effort would not turn the picture. */
  encodeTurned(quality: number, effort: number): Encoded {
    if (isTooLargeToSearch(this.#image, effort)) return this.encodeInOneRun(quality);
    return this.write(this.#turnedAt(quality));
  }

  /** The trials that effort 0 chooses from at a quality: in the best orientation, as it is and corrected. */
  trialsAt(quality: number): readonly Trial[] {
    const found = this.#at(quality);
    if (!found.trials) {
      const trial = this.#turnedAt(quality);
      found.trials = [trial, ...corrections(this.model, trial)];
    }
    return found.trials;
  }

  /** The trial of an analysis at a quality. `g_a` does not run again. */
  trialOf(analysis: Analysis, quality: number): Trial {
    return trialOf(this.model, analysis, quality);
  }

  /**
   * The best trial that the search of an effort finds.
   * @param loss what the search minimises
   * @param onDecoded called with all trials that were decoded
   */
  refined(trial: Trial, loss: Loss, effort: number, onDecoded?: (trial: Trial) => void): Trial {
    return refined(this.model, trial, loss, effort, {
      ...(onDecoded && { onDecoded }),
      onProgress: (done, total) => this.onSearch?.(done, total), // looked up at each call, as it may be replaced
    });
  }

  /**
   * Files with fewer bytes than the smallest trial of quality 1, where the picture is not too large for such a search.
   * @param isEnough called with each; soon after it says yes the search ends
   */
  squeeze(effort: number, isEnough: (file: Encoded) => boolean): void {
    if (isTooLargeToSearch(this.#image, effort) || this.model.budget?.isSpent()) return;
    const smallest = this.trialsAt(1).reduce((a, b) => (b.bits < a.bits ? b : a));
    squeeze(this.model, smallest, effort, (trial) => isEnough(this.write(trial)));
  }

  /** The file of a trial. @param lambda bits that a squared error was worth */
  write(trial: Trial, lambda = lambdaOf(trial.quality)): Encoded {
    const { number, orientations, tables } = this.model;
    const { quality, yHat, scales, symbols, bits } = trial;
    const { orientation } = trial.analysis;
    const coder = new RangeEncoder();
    encodeOrientation(coder, orientation, orientations);
    symbols.forEach((symbol, i) => {
      tables.encode(coder, scales[i]!, symbol);
    });
    const { width, height } = this.#image;
    const header: Header = { model: number, quality, grey: isGrey(this.#image), width, height };
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

  #at(quality: number): Found {
    const found = this.#found.get(quality) ?? { upright: this.#run(UPRIGHT, quality) };
    this.#found.set(quality, found);
    return found;
  }

  #turnedAt(quality: number): Trial {
    const found = this.#at(quality);
    if (found.turned) return found.turned;
    const trials = [found.upright];
    for (let orientation = UPRIGHT + 1; orientation < this.model.orientations; orientation++) {
      if (this.model.budget?.isSpent()) break;
      trials.push(this.#run(orientation, quality));
    }
    found.turned = bestOf(trials, lambdaOf(quality));
    return found.turned;
  }

  #run(orientation: Orientation, quality: number): Trial {
    const analysis = this.#analyses.get(orientation) ?? analysisOf(this.model, this.#image, orientation);
    this.#analyses.set(orientation, analysis);
    return this.trialOf(analysis, quality);
  }
}

/** What the stages of `encodeImage` have found at a quality, so far as they were run. */
interface Found {
  readonly upright: Trial;
  turned?: Trial;
  trials?: readonly Trial[];
  best?: Trial;
  fitted?: Fitted;
}
