import { latentSize } from "../codec/architecture.ts";
import { analyse, type Model } from "../codec/codec.ts";
import type { Image } from "../codec/image.ts";
import { walkLatents } from "../codec/latents.ts";
import { LATENT_UNIT } from "../codec/prior.ts";
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
    const y = analyse(model, images, quality);
    walkLatents(
      model.architecture,
      model.prior,
      shape,
      model.levels[quality - 1]!,
      (_image, at, mean, scale) => {
        const symbol = Math.round(y[at]! - mean / LATENT_UNIT);
        const row = counts[scale]!;
        row.set(symbol, (row.get(symbol) ?? 0) + 1);
        return symbol * LATENT_UNIT + mean;
      },
    );
  }
  return counts;
}
