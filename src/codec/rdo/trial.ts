import { quantiseLatents } from "../entropy/coding-order.ts";
import { type Image, isGrey, withAlphaOf } from "../image.ts";
import { reconstruct } from "../integer/autoencoder.ts";
import type { Model } from "../model.ts";
import { latentSize } from "../network/architecture.ts";
import { sseOf } from "../rate-distortion.ts";

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
  /** Sum of squared errors of 8-bit samples; opacity counts where the picture has any. */
  readonly sse: number;
  readonly decoded: Image;
}

/**
 * Quantises the latents of a picture, and decodes them.
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
  const decoded = withAlphaOf(image, reconstruct(model, { ...image, quality, grey: isGrey(image) }, yHat));
  return { quality, yHat, places, scales, symbols, bits, sse: sseOf(image, decoded), decoded };
}

/** The rate–distortion loss: bits + λ · SSE. */
export function lossOf({ bits, sse }: Trial, lambda: number): number {
  return bits + lambda * sse;
}
