import type { Model } from "../model.ts";
import type { Architecture } from "../network/architecture.ts";
import { positionFeatures } from "../network/positions.ts";
import { LATENT_UNIT, MEAN_LIMIT, networks, type PriorEngine, sliceChannels } from "../network/prior.ts";
import { clip, contextOf, type LatentShape, parityOf } from "./context-model.ts";
import { MAX_SYMBOL, SCALES } from "./symbol-tables.ts";

/**
 * Gives the `y_hat` (in 32nds) of one latent.
 * @param at index of the latent in [rows, columns, latentChannels]
 * @param mean of the prior, in 32nds
 * @param scale index of the prior's scale, 0–63
 */
export type CodeLatent = (at: number, mean: number, scale: number) => number;

/**
 * Walks the latents in coding order, which encoder and decoder share: slice by slice, two checkerboard passes each
 * (first the positions of even row + column, then the others), row by row, channel by channel. What the prior says of a
 * pass depends only on the passes before it.
 *
 * @param level quality feature of the prior, in 32nds
 * @returns `y_hat` in 32nds
 */
export function walkLatents(
  architecture: Architecture,
  prior: PriorEngine,
  { rows, columns }: LatentShape,
  level: number,
  code: CodeLatent,
): Int16Array {
  const { latentChannels } = architecture;
  const width = sliceChannels(architecture);
  const shape = { rows, columns };
  const positions = positionFeatures(rows, columns);
  const area = rows * columns;
  const yHat = new Int16Array(area * latentChannels);
  for (const { slice, pass } of networks(architecture)) {
    if (area === 1 && pass > 0) continue; // no position is odd
    const input = contextOf(architecture, { slice, pass }, shape, { positions, level, yHat });
    const output = prior.run(slice, pass, input, rows, columns);
    for (let position = 0; position < area; position++) {
      if (parityOf(position, columns) !== pass) continue;
      for (let c = 0; c < width; c++) {
        const mean = clip(output[(position * 2 + 0) * width + c]!, -MEAN_LIMIT, MEAN_LIMIT);
        const scale = clip(output[(position * 2 + 1) * width + c]!, 0, SCALES - 1);
        const at = position * latentChannels + slice * width + c;
        yHat[at] = code(at, mean, scale);
      }
    }
  }
  return yHat;
}

/**
 * Rounds `y` to whole steps from the prior's means, in coding order; gives each symbol to `emit`, and its place in `y`.
 * @param y [rows, columns, latentChannels] after gain
 * @returns `y_hat` in 32nds
 */
export function quantiseLatents(
  { architecture, prior, levels }: Pick<Model, "architecture" | "prior" | "levels">,
  y: Float32Array,
  shape: LatentShape,
  quality: number,
  emit: (scale: number, symbol: number, at: number) => void,
): Int16Array {
  return walkLatents(architecture, prior, shape, levels[quality - 1]!, (at, mean, scale) => {
    const symbol = clip(Math.round(y[at]! - mean / LATENT_UNIT), -MAX_SYMBOL, MAX_SYMBOL);
    emit(scale, symbol, at);
    return symbol * LATENT_UNIT + mean;
  });
}
