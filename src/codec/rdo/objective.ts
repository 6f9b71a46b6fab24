import { quantiseLatents } from "../entropy/context-model.ts";
import { type Image, isGrey, withAlphaOf } from "../image.ts";
import type { Model } from "../model.ts";
import { latentSize } from "../network/architecture.ts";
import { blockSize, inPictureUnit, pixelMask, reconstruct, toBlocks } from "../network/autoencoder.ts";
import { BLOCK_CHANNELS } from "../network/transforms.ts";
import { sseOf } from "../rate-distortion.ts";
import type { Picture, Relaxed } from "./relaxation.ts";

/** What a search minimises: bits + λ · SSE of a picture. */
export interface Goal extends Picture {
  /** Quality feature of the prior. */
  readonly level: number;
  /** Bits that a squared error of one 8-bit level in one sample is worth. */
  readonly lambda: number;
}

/** @param quality whose gain the latents have */
export function goalOf(model: Model, image: Image, quality: number, lambda: number): Goal {
  const { width, height } = image;
  const { rows, columns } = blockSize(width, height);
  const blocks = new Float32Array(rows * columns * BLOCK_CHANNELS);
  toBlocks(image, blocks, 0);
  const channels = model.architecture.latentChannels;
  return {
    blocks: inPictureUnit(blocks),
    mask: pixelMask(width, height),
    inverseGain: model.inverseGain.subarray((quality - 1) * channels, quality * channels),
    level: model.levels[quality - 1]!,
    lambda,
  };
}

/** Networks with gradients for a picture. */
export function relaxedFor(model: Model, { width, height }: Image): Relaxed {
  return model.relaxation().of(latentSize(width, height));
}

/** Latents as a file would hold them, and how good that file would be. */
export interface Trial {
  /** The quality whose gain they have. */
  readonly quality: number;
  /** [rows, columns, latentChannels], in 32nds. */
  readonly yHat: Int16Array;
  /** Where each latent is in `yHat`, in coding order, and the prior's scale of it. */
  readonly places: Int32Array;
  readonly scales: Uint8Array;
  readonly symbols: Int16Array;
  /** What the tables say that the symbols cost. */
  readonly bits: number;
  /** Sum of squared errors of 8-bit samples; opacity counts where the picture has any. Decodes, when first asked. */
  readonly sse: number;
  /** Made when first asked for: many trials are only weighed by their bytes, and `g_s` is most of a trial's cost. */
  readonly decoded: Image;
}

/**
 * Quantises the latents of a picture; what they decode to is found when it is asked for.
 * @param image turned as it is coded
 * @param y [rows, columns, latentChannels] after the gain of the quality
 */
export function tryLatents(model: Model, image: Image, y: Float32Array, quality: number): Trial {
  const places = new Int32Array(y.length);
  const scales = new Uint8Array(y.length);
  const symbols = new Int16Array(y.length);
  let [at, bits] = [0, 0];
  const yHat = quantiseLatents(
    model,
    y,
    latentSize(image.width, image.height),
    quality,
    (scale, symbol, place) => {
      places[at] = place;
      scales[at] = scale;
      symbols[at++] = symbol;
      bits += model.tables.cost(scale, symbol);
    },
  );
  let decoded: Image | undefined;
  let sse: number | undefined;
  return {
    quality,
    yHat,
    places,
    scales,
    symbols,
    bits,
    get decoded() {
      decoded ??= withAlphaOf(image, reconstruct(model, { ...image, quality, grey: isGrey(image) }, yHat));
      return decoded;
    },
    get sse() {
      sse ??= sseOf(image, this.decoded);
      return sse;
    },
  };
}

/** The rate–distortion loss: bits + λ · SSE. */
export function lossOf({ bits, sse }: Trial, lambda: number): number {
  return bits + lambda * sse;
}
