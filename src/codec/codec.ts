import { walkLatents } from "./entropy/latents.ts";
import { RangeDecoder, RangeEncoder } from "./entropy/range-coder.ts";
import { ZippyNetError } from "./errors.ts";
import { checkByte } from "./format/checksum.ts";
import { type Header, readContainer, writeContainer } from "./format/latents-file.ts";
import { assertImage, type Image, isGrey } from "./image.ts";
import type { Decoder, Model } from "./model.ts";
import { latentSize, QUALITIES } from "./network/architecture.ts";
import { reconstruct } from "./network/autoencoder.ts";
import { LATENT_UNIT } from "./network/prior.ts";
import {
  decodeOrientation,
  encodeOrientation,
  type Orientation,
  turnedBack,
  turnedSize,
} from "./orientation.ts";
import { priceOf } from "./rate-distortion.ts";
import {
  bestOrientation,
  corrected,
  fittingGain,
  type PricedStart,
  plainStart,
  type Start,
} from "./rdo/candidates.ts";
import { isTooLargeToSearch, MAX_EFFORT, Refinement } from "./rdo/refine.ts";
import type { Trial } from "./rdo/trial.ts";
import { assertWithin } from "./validate.ts";

export type { Decoder, Model } from "./model.ts";

export interface Encoded {
  /** The `.zn` file. */
  readonly file: Uint8Array;
  /** The file's: that of the gain, which an effort may choose otherwise than asked for. */
  readonly quality: number;
  /** What the tables say the payload costs; the coder adds less than a byte, the container 3–8 bytes. */
  readonly estimatedBits: number;
  readonly orientation: Orientation;
  /** [rows, columns, latentChannels], in 32nds: what the decoder will find. */
  readonly yHat: Int16Array;
  /** Sum of squared errors of 8-bit samples; opacity counts where the image has any. */
  readonly squares: number;
  /** Bits that one of those was worth. */
  readonly price: number;
}

/**
 * Encodes images. Throws `bad-image` or `bad-option`.
 * @param quality 1–100: what a file's bits are worth, and the gain, or where to look for it
 * @param effort 0–9: one pass in each orientation, and some that correct the best; then the gain that suits the image; or so much search
 * for a better `y` besides. See `search/`
 */
export function encodeImages(model: Model, images: readonly Image[], quality: number, effort = 0): Encoded[] {
  assertWithin("quality", quality, 1, QUALITIES);
  assertWithin("effort", effort, 0, MAX_EFFORT);
  images.forEach(assertImage);
  return images.map((image) => new ImageEncoder(model, image).encode(quality, effort));
}

/** Encodes one image at several qualities and efforts; an effort goes on from where a lower one of the same quality ended. */
export class ImageEncoder {
  readonly #model: Model;
  readonly #image: Image;
  readonly #searches = new Map<number, Search>();

  constructor(model: Model, image: Image) {
    this.#model = model;
    this.#image = image;
  }

  /** As `encodeImages`, but trusts its caller that all is within its bounds. */
  encode(quality: number, effort: number): Encoded {
    const [model, image] = [this.#model, this.#image];
    if (isTooLargeToSearch(image, effort)) return encodePlainly(model, image, quality);
    const search = this.#searches.get(quality) ?? {
      start: corrected(model, bestOrientation(model, image, quality)),
    };
    this.#searches.set(quality, search);
    const { orientation, trial } = search.start;
    if (effort === 0) return { ...write(model, image, orientation, trial), price: priceOf(quality) };
    search.fitting ??= fittingGain(model, search.start);
    search.refinement ??= new Refinement(model, search.fitting);
    const refined = search.refinement.upTo(effort);
    return { ...write(model, image, orientation, refined), price: search.fitting.price };
  }
}

/** How far the search for a file of a quality has come. */
interface Search {
  readonly start: Start;
  fitting?: PricedStart;
  refinement?: Refinement;
}

/** Encodes an image as it lies, in one pass: what effort 0 does less the choice. Throws `bad-image` or `bad-option`. */
export function encodePlainly(model: Model, image: Image, quality: number): Encoded {
  assertWithin("quality", quality, 1, QUALITIES);
  assertImage(image);
  const { orientation, trial } = plainStart(model, image, quality);
  return { ...write(model, image, orientation, trial), price: priceOf(quality) };
}

function write(
  { number, orientations, tables }: Model,
  image: Image,
  orientation: Orientation,
  { quality, yHat, scales, symbols, bits, squares }: Trial,
): Omit<Encoded, "price"> {
  const coder = new RangeEncoder();
  encodeOrientation(coder, orientation, orientations);
  symbols.forEach((symbol, i) => {
    tables.encode(coder, scales[i]!, symbol);
  });
  const { width, height } = image;
  const header: Header = { model: number, quality, grey: isGrey(image), width, height };
  return {
    file: writeContainer(header, checkByte(header, orientation, yHat), coder.finish()),
    quality,
    estimatedBits: Math.log2(orientations) + bits,
    orientation,
    yHat,
    squares,
  };
}

/** Decodes files of one model. Throws `bad-file` or `unknown-model`. */
export function decodeImages(model: Decoder, files: readonly Uint8Array[]): Image[] {
  return files.map((file) => {
    const { header, orientation, yHat } = decodeLatents(model, file);
    const coded = { ...header, ...turnedSize(header, orientation) };
    return turnedBack(reconstruct(model, coded, yHat), orientation);
  });
}

/** The entropy-coded half of a file. */
export interface Latents {
  readonly header: Header;
  readonly orientation: Orientation;
  /** [rows, columns, latentChannels], in 32nds. */
  readonly yHat: Int16Array;
}

/** The entropy-coded half of decoding; throws as `decodeImages`. */
export function decodeLatents(model: Decoder, file: Uint8Array): Latents {
  const { header, check, payload } = readContainer(file);
  if (header.model !== model.number) {
    throw new ZippyNetError(
      "unknown-model",
      `expected a file of model ${model.number}, got one of model ${header.model}`,
    );
  }
  const coder = new RangeDecoder(payload);
  const orientation = decodeOrientation(coder, model.orientations);
  const { width, height } = turnedSize(header, orientation);
  const yHat = walkLatents(
    model.architecture,
    model.prior,
    latentSize(width, height),
    model.levels[header.quality - 1]!,
    (_at, mean, scale) => model.tables.decode(coder, scale) * LATENT_UNIT + mean,
  );
  coder.finish();
  const found = checkByte(header, orientation, yHat);
  if (found !== check) {
    throw new ZippyNetError("bad-file", `damaged .zn file: expected check byte ${check}, got ${found}`);
  }
  return { header, orientation, yHat };
}
