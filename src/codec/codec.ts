import { type Tensor4D, tensor4d, tidy } from "@tensorflow/tfjs-core";
import { type Architecture, latentSize, QUALITIES } from "./architecture.ts";
import { checkByte } from "./check.ts";
import { type Header, readContainer, writeContainer } from "./container.ts";
import { ZippyNetError } from "./errors.ts";
import { assertImage, type Image, isGrey } from "./image.ts";
import { fromEighths, type LatentShape, walkLatents } from "./latents.ts";
import { blockSize, fromBlocks, toBlocks } from "./pixels.ts";
import { LATENT_UNIT, type PriorEngine } from "./prior.ts";
import { RangeDecoder, RangeEncoder } from "./range-coder.ts";
import { MAX_SYMBOL, type SymbolTables } from "./symbols.ts";
import { analysis, type Layers, synthesis } from "./transforms.ts";

/** A trained model, ready to run; `src/model` loads one. */
export interface Model {
  /** Number in the file, 0–255. */
  readonly number: number;
  readonly name: string;
  readonly architecture: Architecture;
  readonly layers: Layers;
  readonly prior: PriorEngine;
  readonly tables: SymbolTables;
  /** Gain of each quality and channel, [100, latentChannels], and what undoes it. */
  readonly gain: Float32Array;
  readonly inverseGain: Float32Array;
  /** Quality feature of the prior for each quality, in 32nds. */
  readonly levels: Int8Array;
  dispose(): void;
}

export interface Encoded {
  /** The `.zn` file. */
  readonly file: Uint8Array;
  /** What the tables say the payload costs; the coder adds less than a byte, the container 4–8 bytes. */
  readonly estimatedBits: number;
  /** [rows, columns, latentChannels], in eighths: what the decoder will find. */
  readonly yHat: Int16Array;
}

/**
 * Encodes images of one size at one quality (1–100), in one batch, at effort 0: one pass of `g_a`.
 * Throws `bad-image` or `bad-option`.
 */
export function encodeImages(model: Model, images: readonly Image[], quality: number): Encoded[] {
  assertQuality(quality);
  images.forEach(assertImage);
  assertOneSize(images);
  if (images.length === 0) return [];
  const { width, height } = images[0]!;
  const shape: LatentShape = { n: images.length, ...latentSize(width, height) };
  const y = analyse(model, images, quality);
  const streams = images.map(() => ({ coder: new RangeEncoder(), bits: 0 }));
  const yHat = walkLatents(
    model.architecture,
    model.prior,
    shape,
    model.levels[quality - 1]!,
    (image, at, mean, scale) => {
      const symbol = clampSymbol(Math.round(y[at]! - mean / LATENT_UNIT));
      const stream = streams[image]!;
      model.tables.encode(stream.coder, scale, symbol);
      stream.bits += model.tables.cost(scale, symbol);
      return symbol * LATENT_UNIT + mean;
    },
  );
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
export function decodeImages(model: Model, files: readonly Uint8Array[]): Image[] {
  if (files.length === 0) return [];
  const { headers, yHat } = decodeLatents(model, files);
  return reconstruct(model, headers, yHat);
}

/** The entropy-coded half of decoding: headers and `y_hat` in eighths, [n, rows, columns, latentChannels]. */
export function decodeLatents(
  model: Model,
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

/** `y` times gain of images of one size, [n, rows, columns, latentChannels]. */
export function analyse(
  { architecture, layers, gain }: Model,
  images: readonly Image[],
  quality: number,
): Float32Array {
  const { width, height } = images[0]!;
  const { rows, columns } = blockSize(width, height);
  const blocks = new Float32Array(images.length * rows * columns * 12);
  images.forEach((image, i) => {
    toBlocks(image, blocks, i * rows * columns * 12);
  });
  const y = run(blocks, [images.length, rows, columns, 12], (x) => analysis(architecture, layers, x));
  return scaleChannels(y, gain, quality);
}

/** Pixels of `y_hat` in eighths of files of one quality and size. */
export function reconstruct(
  { architecture, layers, inverseGain }: Model,
  headers: readonly Header[],
  yHat: Int16Array,
): Image[] {
  const { width, height, quality } = headers[0]!;
  const { rows, columns } = latentSize(width, height);
  const y = scaleChannels(fromEighths(yHat), inverseGain, quality);
  const shape: Shape = [headers.length, rows, columns, architecture.latentChannels];
  const blocks = run(y, shape, (x) => synthesis(architecture, layers, x));
  const length = blocks.length / headers.length;
  return headers.map(({ grey }, i) => fromBlocks(blocks, i * length, width, height, grey));
}

type Shape = [number, number, number, number];

function run(values: Float32Array, shape: Shape, network: (x: Tensor4D) => Tensor4D): Float32Array {
  const out = tidy(() => network(tensor4d(values, shape)));
  const result = out.dataSync<"float32">();
  out.dispose();
  return result;
}

/** Multiplies, in place, each channel by its factor at a quality; `factors` is [100, channels]. */
function scaleChannels(y: Float32Array, factors: Float32Array, quality: number): Float32Array {
  const channels = factors.length / QUALITIES;
  const from = (quality - 1) * channels;
  for (let i = 0; i < y.length; i++) y[i]! *= factors[from + (i % channels)]!;
  return y;
}

function clampSymbol(symbol: number): number {
  return Math.max(-MAX_SYMBOL, Math.min(MAX_SYMBOL, symbol));
}

function assertQuality(quality: number): void {
  if (!Number.isInteger(quality) || quality < 1 || quality > QUALITIES) {
    throw new ZippyNetError("bad-option", `expected a quality of 1–${QUALITIES}, got ${quality}`);
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
