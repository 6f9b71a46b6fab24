import { type Architecture, PASSES } from "../network/architecture.ts";
import { POSITION_FEATURES, positionFeatures } from "../network/positions.ts";
import {
  type CodingStep,
  inputChannels,
  LATENT_LIMIT,
  LATENT_UNIT,
  POSITION_SCALE,
  sliceChannels,
} from "../network/prior.ts";

/** Rows and columns of an image's latents, which are [rows, columns, latentChannels]. */
export interface LatentShape {
  readonly rows: number;
  readonly columns: number;
}

/** The channels that positions, quality and mask take in the input of every network of the prior. */
export const FEATURES = POSITION_FEATURES + 2;

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

/** Neighbouring channels of `y_hat`, and where they stand in the input of a network of the prior. */
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
export function contextOf(
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
