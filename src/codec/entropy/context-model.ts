import { type Architecture, type Engine, MEANS_AND_SCALES, PASSES } from "../network/architecture.ts";
import {
  type CodingStep,
  codingSteps,
  FEATURES,
  inputChannels,
  LATENT_LIMIT,
  LATENT_UNIT,
  MEAN_LIMIT,
  POSITION_FEATURES,
  POSITION_SCALE,
  prior,
  sliceChannels,
} from "../network/prior.ts";
import { MAX_SYMBOL, SCALES } from "./symbol-tables.ts";

/** round(16 · cos(π j/64)) for j = 0…127, spelt out: it is part of the format. */
// biome-ignore format: a table
const COSINE = Int8Array.of(
  16, 16, 16, 16, 16, 16, 15, 15, 15, 14, 14, 14, 13, 13, 12, 12,
  11, 11, 10, 10, 9, 8, 8, 7, 6, 5, 5, 4, 3, 2, 2, 1,
  0, -1, -2, -2, -3, -4, -5, -5, -6, -7, -8, -8, -9, -10, -10, -11,
  -11, -12, -12, -13, -13, -14, -14, -14, -15, -15, -15, -16, -16, -16, -16, -16,
  -16, -16, -16, -16, -16, -16, -15, -15, -15, -14, -14, -14, -13, -13, -12, -12,
  -11, -11, -10, -10, -9, -8, -8, -7, -6, -5, -5, -4, -3, -2, -2, -1,
  0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 10, 11,
  11, 12, 12, 13, 13, 14, 14, 14, 15, 15, 15, 16, 16, 16, 16, 16,
);

/**
 * The position features of the prior, fixed functions of a latent's row and column: rows × columns × 17 integers of
 * 1/16, which are Y, X, XY, X², Y², then for k = 1, 2, 3: cos πkY, cos πkX, sin πkY, sin πkX.
 *
 * Y and X run from −1 (first row, column) to 1 (last). They are computed in 64ths by integer division; cosines and
 * sines come from a table, since `Math.cos` differs between JavaScript engines in the last bit.
 */
export function positionFeatures(rows: number, columns: number): Int8Array {
  const features = new Int8Array(rows * columns * POSITION_FEATURES);
  const cos = (k: number, angle: number) => COSINE[(k * angle) & 127]!;
  const sin = (k: number, angle: number) => COSINE[(k * angle - 32) & 127]!;
  for (let row = 0, at = 0; row < rows; row++) {
    const y = coordinate(row, rows);
    for (let column = 0; column < columns; column++) {
      const x = coordinate(column, columns);
      features[at++] = (y + 2) >> 2;
      features[at++] = (x + 2) >> 2;
      features[at++] = (x * y + 128) >> 8;
      features[at++] = (x * x + 128) >> 8;
      features[at++] = (y * y + 128) >> 8;
      for (let k = 1; k <= 3; k++) {
        features[at++] = cos(k, y);
        features[at++] = cos(k, x);
        features[at++] = sin(k, y);
        features[at++] = sin(k, x);
      }
    }
  }
  return features;
}

/** −64 for the first of `count`, 64 for the last, rounded to integers between; 0 for one alone. */
function coordinate(index: number, count: number): number {
  if (count === 1) return 0;
  // floor((128·i + ½·d)/d) − 64 with d = count − 1, in integers
  return Math.floor((256 * index + (count - 1)) / (2 * (count - 1))) - 64;
}

/** Rows and columns of an image's latents, which are [rows, columns, latentChannels]. */
export interface LatentShape {
  readonly rows: number;
  readonly columns: number;
}

/** The checkerboard's pass in which a position is coded: the parity of row + column. */
export function passOf(position: number, columns: number): number {
  return (Math.floor(position / columns) + (position % columns)) % PASSES;
}

/**
 * What the prior knows of a pass beside latents, in 32nds: [rows, columns, 19], for each position its 17 position
 * features, the quality feature, and the mask: 32 where the pass codes, else 0.
 * @param level the quality feature, in 32nds
 */
export function contextFeatures({ rows, columns }: LatentShape, level: number, pass: number): Int16Array {
  const positions = positionFeatures(rows, columns);
  const features = new Int16Array(rows * columns * FEATURES);
  for (let position = 0, to = 0; position < rows * columns; position++) {
    for (let f = 0; f < POSITION_FEATURES; f++)
      features[to++] = POSITION_SCALE * positions[position * POSITION_FEATURES + f]!;
    features[to++] = level;
    features[to++] = passOf(position, columns) === pass ? LATENT_UNIT : 0;
  }
  return features;
}

/** Some successive channels of `y_hat`, and their place in the input of a network of the prior. */
export interface ContextChannels {
  readonly latent: number;
  readonly input: number;
  readonly count: number;
}

/**
 * The channels of `y_hat` that a step's network sees: those of earlier slices before the features, its own slice's
 * after them.
 */
export function contextChannels(architecture: Architecture, { slice, pass }: CodingStep): ContextChannels[] {
  const width = sliceChannels(architecture);
  const earlier = { latent: 0, input: 0, count: slice * width };
  const own = { latent: slice * width, input: slice * width + FEATURES, count: width };
  return pass === 0 ? [earlier] : [earlier, own];
}

/**
 * The input of a step's network, [rows, columns, inputChannels] in 32nds; see `network/prior.ts`.
 * @param features of the pass, from `contextFeatures`
 * @param yHat [rows, columns, latentChannels], in 32nds; 0 where not decoded yet
 */
function contextOf(
  architecture: Architecture,
  step: CodingStep,
  features: Int16Array,
  yHat: Int16Array,
): Int16Array {
  const { latentChannels } = architecture;
  const area = yHat.length / latentChannels;
  const depth = inputChannels(architecture, step);
  const input = new Int16Array(area * depth);
  for (const { latent, input: at, count } of contextChannels(architecture, step)) {
    for (let position = 0; position < area; position++) {
      const [from, to] = [position * latentChannels + latent, position * depth + at];
      for (let c = 0; c < count; c++) input[to + c] = clip(yHat[from + c]!, -LATENT_LIMIT, LATENT_LIMIT);
    }
  }
  const at = step.slice * sliceChannels(architecture);
  for (let position = 0; position < area; position++) {
    const [from, to] = [position * FEATURES, position * depth + at];
    for (let f = 0; f < FEATURES; f++) input[to + f] = features[from + f]!;
  }
  return input;
}

/** The nearest value within [low, high]. */
export function clip(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

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

/** The number of a step in the order of coding, from 0. */
export function stepNumber({ slice, pass }: CodingStep): number {
  return slice * PASSES + pass;
}

/** The number of the step that codes a latent. */
export function stepOfLatent(architecture: Architecture, { columns }: LatentShape, at: number): number {
  const { latentChannels } = architecture;
  const slice = Math.floor((at % latentChannels) / sliceChannels(architecture));
  return stepNumber({ slice, pass: passOf(Math.floor(at / latentChannels), columns) });
}

/** The prior on an engine of integers, for latents of one shape. */
export function priorOn(engine: Engine, architecture: Architecture, { rows, columns }: LatentShape): Predict {
  return (step, input) => {
    const channels = inputChannels(architecture, step);
    return engine.run(input, { rows, columns, channels }, (layers, x) => prior(layers, step, x));
  };
}

/** What is to be quantised. */
interface Unrounded {
  /** [rows, columns, latentChannels] after gain. */
  readonly y: Float32Array;
  readonly shape: LatentShape;
  readonly quality: number;
}

/**
 * Rounds `y` to whole steps from the prior's means, in coding order; gives each symbol to `emit`, and its place in `y`.
 * @returns `y_hat` in 32nds
 */
export function quantiseLatents(
  { architecture, levels }: { readonly architecture: Architecture; readonly levels: Int8Array },
  { y, shape, quality }: Unrounded,
  predict: Predict,
  emit: (scale: number, symbol: number, at: number) => void,
): Int16Array {
  return walkLatents(architecture, predict, shape, levels[quality - 1]!, (at, mean, scale) => {
    const symbol = clip(Math.round(y[at]! - mean / LATENT_UNIT), -MAX_SYMBOL, MAX_SYMBOL);
    emit(scale, symbol, at);
    return symbol * LATENT_UNIT + mean;
  });
}
