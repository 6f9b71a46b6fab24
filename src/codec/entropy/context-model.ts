import { type Architecture, PASSES } from "../network/architecture.ts";
import { POSITION_FEATURES } from "../network/positions.ts";
import { inputChannels, LATENT_LIMIT, LATENT_UNIT, POSITION_SCALE, sliceChannels } from "../network/prior.ts";

/** Latents of an image: [rows, columns, latentChannels] integers, `y_hat` in 32nds. */
export interface LatentShape {
  readonly rows: number;
  readonly columns: number;
}

/** What the prior knows of an image. */
export interface Known {
  /** As `positionFeatures` gives them. */
  readonly positions: Int8Array;
  /** Quality feature, in 32nds. */
  readonly level: number;
  /** [rows, columns, latentChannels], in 32nds; 0 where not yet decoded. */
  readonly yHat: Int16Array;
}

/** The input of the prior's network of a slice and pass; see `prior.ts`. */
export function contextOf(
  architecture: Architecture,
  { slice, pass }: { readonly slice: number; readonly pass: number },
  { rows, columns }: LatentShape,
  { positions, level, yHat }: Known,
): Int16Array {
  const width = sliceChannels(architecture);
  const area = rows * columns;
  const input = new Int16Array(area * inputChannels(architecture, slice, pass));
  for (let position = 0, to = 0; position < area; position++) {
    const at = position * architecture.latentChannels;
    to = copyClipped(yHat, at, slice * width, input, to);
    for (let f = 0; f < POSITION_FEATURES; f++)
      input[to++] = POSITION_SCALE * positions[position * POSITION_FEATURES + f]!;
    input[to++] = level;
    input[to++] = parityOf(position, columns) === pass ? LATENT_UNIT : 0;
    if (pass > 0) to = copyClipped(yHat, at + slice * width, width, input, to);
  }
  return input;
}

/** The pass in which a position is coded. */
export function parityOf(position: number, columns: number): number {
  return (Math.floor(position / columns) + (position % columns)) % PASSES;
}

function copyClipped(from: Int16Array, at: number, count: number, into: Int16Array, to: number): number {
  for (let c = 0; c < count; c++) into[to++] = clip(from[at + c]!, -LATENT_LIMIT, LATENT_LIMIT);
  return to;
}

/** The nearest value within [low, high]. */
export function clip(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
