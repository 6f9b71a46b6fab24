import { quantiseLatents } from "../codec/entropy/coding-order.ts";
import { SCALES } from "../codec/entropy/symbol-tables.ts";
import type { Image } from "../codec/image.ts";
import type { Model } from "../codec/model.ts";
import { latentSize } from "../codec/network/architecture.ts";
import { analyse, withGain } from "../codec/network/autoencoder.ts";

/**
 * Adds the symbols of each scale to `counts`, over images at some qualities: what `buildTables` corrects its Gaussians
 * with. The images must be ones the model may learn from.
 */
export function countSymbols(
  model: Model,
  images: readonly Image[],
  qualities: readonly number[],
  counts: readonly Map<number, number>[],
): void {
  for (const image of images) {
    const shape = latentSize(image.width, image.height);
    const y = analyse(model, image);
    for (const quality of qualities) {
      quantiseLatents(model, withGain(model, y, quality), shape, quality, (scale, symbol) => {
        const row = counts[scale]!;
        row.set(symbol, (row.get(symbol) ?? 0) + 1);
      });
    }
  }
}

/** Where counting begins. */
export function noCounts(): Map<number, number>[] {
  return Array.from({ length: SCALES }, () => new Map<number, number>());
}
