import { latentSize, QUALITIES } from "./architecture.ts";
import { analyse, reconstruct, withGain } from "./autoencoder.ts";
import { checkByte } from "./check.ts";
import { type Header, readContainer, writeContainer } from "./container.ts";
import { ZippyNetError } from "./errors.ts";
import { assertImage, type Image, isGrey } from "./image.ts";
import { type LatentShape, quantiseLatents, walkLatents } from "./latents.ts";
import type { Decoder, Model } from "./model.ts";
import { LATENT_UNIT } from "./prior.ts";
import { priceOf } from "./quality.ts";
import { RangeDecoder, RangeEncoder } from "./range-coder.ts";
import { fittingQualities } from "./search/gains.ts";
import { isTooLargeToSearch, MAX_EFFORT, refine } from "./search/refine.ts";

export type { Decoder, Model } from "./model.ts";

export interface Encoded {
  /** The `.zn` file. */
  readonly file: Uint8Array;
  /** The file's: that of the gain, which an effort may choose otherwise than asked for. */
  readonly quality: number;
  /** What the tables say the payload costs; the coder adds less than a byte, the container 4–8 bytes. */
  readonly estimatedBits: number;
  /** [rows, columns, latentChannels], in 32nds: what the decoder will find. */
  readonly yHat: Int16Array;
}

/**
 * Encodes images of one size in one batch. Throws `bad-image` or `bad-option`.
 * @param quality 1–100: what a file's bits are worth, and, of one pass, the gain
 * @param effort 0–9: one pass; with the gain that suits each image; or so much search for a better `y` besides. See `search/`
 */
export function encodeImages(model: Model, images: readonly Image[], quality: number, effort = 0): Encoded[] {
  assertWithin("quality", quality, 1, QUALITIES);
  assertWithin("effort", effort, 0, MAX_EFFORT);
  images.forEach(assertImage);
  assertOneSize(images);
  if (images.length === 0) return [];
  const y = analyse(model, images);
  const price = priceOf(quality);
  if (effort === 0 || isTooLargeToSearch(images[0]!)) {
    return code(model, images, withGain(model, y, quality), quality);
  }
  const fitting = fittingQualities(model, images, y, { quality, price });
  const length = y.length / images.length;
  const made: Encoded[] = [];
  for (const chosen of new Set(fitting)) {
    const its = images.flatMap((_, i) => (fitting[i] === chosen ? [i] : []));
    const some = its.map((i) => images[i]!);
    const start = withGain(model, gather(y, length, its), chosen);
    const refined = refine(model, some, start, { quality: chosen, price, effort });
    const encoded = code(model, some, refined, chosen);
    its.forEach((i, at) => {
      made[i] = encoded[at]!;
    });
  }
  return made;
}

/** Rows of an array. */
function gather(values: Float32Array, length: number, rows: readonly number[]): Float32Array {
  const gathered = new Float32Array(rows.length * length);
  rows.forEach((row, at) => {
    gathered.set(values.subarray(row * length, (row + 1) * length), at * length);
  });
  return gathered;
}

/** Files of images of one size, from their `y` after gain. */
function code(model: Model, images: readonly Image[], y: Float32Array, quality: number): Encoded[] {
  const { width, height } = images[0]!;
  const shape: LatentShape = { n: images.length, ...latentSize(width, height) };
  const streams = images.map(() => ({ coder: new RangeEncoder(), bits: 0 }));
  const yHat = quantiseLatents(model, y, shape, quality, (image, scale, symbol) => {
    const stream = streams[image]!;
    model.tables.encode(stream.coder, scale, symbol);
    stream.bits += model.tables.cost(scale, symbol);
  });
  const length = yHat.length / images.length;
  return streams.map(({ coder, bits }, i) => {
    const header: Header = { model: model.number, quality, grey: isGrey(images[i]!), width, height };
    const check = checkByte(header, yHat, i * length, (i + 1) * length);
    return {
      file: writeContainer(header, check, coder.finish()),
      quality,
      estimatedBits: bits,
      yHat: yHat.slice(i * length, (i + 1) * length),
    };
  });
}

/** Decodes files of one model and size, of any qualities; throws as `decodeImages`. */
export function decodeMixed(model: Decoder, files: readonly Uint8Array[]): Image[] {
  const qualities = files.map((file) => readContainer(file).header.quality);
  const images: Image[] = [];
  for (const quality of new Set(qualities)) {
    const its = files.flatMap((_, i) => (qualities[i] === quality ? [i] : []));
    const decoded = decodeImages(
      model,
      its.map((i) => files[i]!),
    );
    its.forEach((i, at) => {
      images[i] = decoded[at]!;
    });
  }
  return images;
}

/** Decodes files of one model, size and quality in one batch. Throws `bad-file` or `unknown-model`. */
export function decodeImages(model: Decoder, files: readonly Uint8Array[]): Image[] {
  if (files.length === 0) return [];
  const { headers, yHat } = decodeLatents(model, files);
  return reconstruct(model, headers, yHat);
}

/** The entropy-coded half of decoding: headers and `y_hat` in 32nds, [n, rows, columns, latentChannels]. */
export function decodeLatents(
  model: Decoder,
  files: readonly Uint8Array[],
): { headers: Header[]; yHat: Int16Array } {
  const parts = files.map(readContainer);
  const headers = parts.map(({ header }) => header);
  const { quality, width, height } = headers[0]!;
  for (const header of headers) {
    if (header.model !== model.number) {
      throw new ZippyNetError(
        "unknown-model",
        `expected a file of model ${model.number}, got one of model ${header.model}`,
      );
    }
    if (header.quality !== quality || header.width !== width || header.height !== height) {
      throw new ZippyNetError("bad-option", "expected files of one quality and size in a batch");
    }
  }
  const coders = parts.map(({ payload }) => new RangeDecoder(payload));
  const shape: LatentShape = { n: files.length, ...latentSize(width, height) };
  const yHat = walkLatents(
    model.architecture,
    model.prior,
    shape,
    model.levels[quality - 1]!,
    (image, _at, mean, scale) => model.tables.decode(coders[image]!, scale) * LATENT_UNIT + mean,
  );
  const length = yHat.length / files.length;
  parts.forEach(({ header, check }, i) => {
    coders[i]!.finish();
    const found = checkByte(header, yHat, i * length, (i + 1) * length);
    if (found !== check) {
      throw new ZippyNetError("bad-file", `damaged .zn file: expected check byte ${check}, got ${found}`);
    }
  });
  return { headers, yHat };
}

function assertWithin(what: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new ZippyNetError(
      "bad-option",
      `expected ${what === "effort" ? "an" : "a"} ${what} of ${low}–${high}, got ${value}`,
    );
  }
}

function assertOneSize(images: readonly Image[]): void {
  const { width, height } = images[0] ?? { width: 0, height: 0 };
  const other = images.find((image) => image.width !== width || image.height !== height);
  if (other) {
    throw new ZippyNetError(
      "bad-option",
      `expected images of one size in a batch, got ${width}×${height} and ${other.width}×${other.height}`,
    );
  }
}
