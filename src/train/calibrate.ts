import { latentSize } from "../codec/architecture.ts";
import { analyse, withGain } from "../codec/autoencoder.ts";
import type { Image } from "../codec/image.ts";
import { quantiseLatents } from "../codec/latents.ts";
import type { Model } from "../codec/model.ts";
import { SCALES } from "../codec/symbols.ts";
import type { SymbolCounts } from "./tables.ts";

/**
 * Counts the symbols of each scale over images of one size at some qualities: what `buildTables` corrects its Gaussians
 * with. The images must be ones the model may learn from.
 */
export function countSymbols(
  model: Model,
  images: readonly Image[],
  qualities: readonly number[],
  counts: Map<number, number>[] = Array.from({ length: SCALES }, () => new Map<number, number>()),
): SymbolCounts {
  const { width, height } = images[0]!;
  const shape = { n: images.length, ...latentSize(width, height) };
  for (const quality of qualities) {
    const y = withGain(model, analyse(model, images), quality);
    quantiseLatents(model, y, shape, quality, (_image, scale, symbol) => {
      const row = counts[scale]!;
      row.set(symbol, (row.get(symbol) ?? 0) + 1);
    });
  }
  return counts;
}
