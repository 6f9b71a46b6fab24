import { latentSize, QUALITIES } from "./architecture.ts";
import { analyse, reconstruct } from "./autoencoder.ts";
import { checkByte } from "./check.ts";
import { type Header, readContainer, writeContainer } from "./container.ts";
import { ZippyNetError } from "./errors.ts";
import { assertImage, type Image, isGrey } from "./image.ts";
import { type LatentShape, quantiseLatents, walkLatents } from "./latents.ts";
import type { Decoder, Model } from "./model.ts";
import { LATENT_UNIT } from "./prior.ts";
import { RangeDecoder, RangeEncoder } from "./range-coder.ts";
import { MAX_EFFORT, refine } from "./search/refine.ts";

export type { Decoder, Model } from "./model.ts";

export interface Encoded {
  /** The `.zn` file. */
  readonly file: Uint8Array;
  /** What the tables say the payload costs; the coder adds less than a byte, the container 4–8 bytes. */
  readonly estimatedBits: number;
  /** [rows, columns, latentChannels], in eighths: what the decoder will find. */
  readonly yHat: Int16Array;
}

/**
 * Encodes images of one size in one batch. Throws `bad-image` or `bad-option`.
 * @param quality 1–100
 * @param effort 0–9: one pass of `g_a`, or so much search for a better `y`; see `search/refine.ts`
 */
export function encodeImages(model: Model, images: readonly Image[], quality: number, effort = 0): Encoded[] {
  assertWithin("quality", quality, 1, QUALITIES);
  assertWithin("effort", effort, 0, MAX_EFFORT);
  images.forEach(assertImage);
  assertOneSize(images);
  if (images.length === 0) return [];
  const { width, height } = images[0]!;
  const shape: LatentShape = { n: images.length, ...latentSize(width, height) };
  const y = refine(model, images, analyse(model, images, quality), { quality, effort });
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
      estimatedBits: bits,
      yHat: yHat.slice(i * length, (i + 1) * length),
    };
  });
}

/** Decodes files of one model, size and quality in one batch. Throws `bad-file` or `unknown-model`. */
export function decodeImages(model: Decoder, files: readonly Uint8Array[]): Image[] {
  if (files.length === 0) return [];
  const { headers, yHat } = decodeLatents(model, files);
  return reconstruct(model, headers, yHat);
}

/** The entropy-coded half of decoding: headers and `y_hat` in eighths, [n, rows, columns, latentChannels]. */
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
