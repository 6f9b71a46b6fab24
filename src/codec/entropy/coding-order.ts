import type { Model } from "../model.ts";
import { type Architecture, MEANS_AND_SCALES, PASSES } from "../network/architecture.ts";
import type { Engine } from "../network/layers.ts";
import {
  type CodingStep,
  codingSteps,
  inputChannels,
  LATENT_UNIT,
  MEAN_LIMIT,
  prior,
  sliceChannels,
} from "../network/prior.ts";
import { clip, contextFeatures, contextOf, type LatentShape, passOf } from "./context-model.ts";
import { MAX_SYMBOL, SCALES } from "./symbol-tables.ts";

/**
 * Gives the `y_hat` (in 32nds) of one latent.
 * @param at index of the latent in [rows, columns, latentChannels]
 * @param mean of the prior, in 32nds
 * @param scale index of the prior's scale, 0–63
 */
export type CodeLatent = (at: number, mean: number, scale: number) => number;

/** Computes a step's network; see `prior`. */
export type Predict = (step: CodingStep, input: Int16Array) => ArrayLike<number>;

/**
 * Walks the latents in coding order, as encoder, decoder and the search for better latents do: slice by slice, two
 * checkerboard passes each, row by row, channel by channel. What the prior says of a pass depends on the passes before
 * it only.
 *
 * @param level quality feature of the prior, in 32nds
 * @returns `y_hat` in 32nds
 */
export function walkLatents(
  architecture: Architecture,
  predict: Predict,
  { rows, columns }: LatentShape,
  level: number,
  code: CodeLatent,
): Int16Array {
  const { latentChannels } = architecture;
  const width = sliceChannels(architecture);
  const area = rows * columns;
  const features = Array.from({ length: PASSES }, (_, pass) =>
    contextFeatures({ rows, columns }, level, pass),
  );
  const yHat = new Int16Array(area * latentChannels);
  for (const step of codingSteps(architecture)) {
    const { slice, pass } = step;
    if (area === 1 && pass > 0) continue; // no position is odd
    const output = predict(step, contextOf(architecture, step, features[pass]!, yHat));
    for (let position = 0; position < area; position++) {
      if (passOf(position, columns) !== pass) continue;
      const means = position * MEANS_AND_SCALES * width;
      for (let c = 0; c < width; c++) {
        const mean = clip(output[means + c]!, -MEAN_LIMIT, MEAN_LIMIT);
        const scale = clip(output[means + width + c]!, 0, SCALES - 1);
        const at = position * latentChannels + slice * width + c;
        yHat[at] = code(at, mean, scale);
      }
    }
  }
  return yHat;
}

/** The prior on an engine of integers, for latents of one shape. */
export function priorOn(engine: Engine, architecture: Architecture, { rows, columns }: LatentShape): Predict {
  return (step, input) => {
    const channels = inputChannels(architecture, step);
    return engine.run(input, { rows, columns, channels }, (layers, x) => prior(layers, step, x));
  };
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
  const predict = priorOn(prior, architecture, shape);
  return walkLatents(architecture, predict, shape, levels[quality - 1]!, (at, mean, scale) => {
    const symbol = clip(Math.round(y[at]! - mean / LATENT_UNIT), -MAX_SYMBOL, MAX_SYMBOL);
    emit(scale, symbol, at);
    return symbol * LATENT_UNIT + mean;
  });
}
