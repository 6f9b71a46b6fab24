import { type Predict, priorOn, quantiseLatents, stepNumber } from "../entropy/context-model.ts";
import { type Image, isGrey, withAlphaOf } from "../image.ts";
import type { Model } from "../model.ts";
import { latentSize } from "../network/architecture.ts";
import { blockSize, inPictureUnit, pixelMask, reconstruct, toBlocks } from "../network/autoencoder.ts";
import { LATENT_UNIT } from "../network/prior.ts";
import { BLOCK_CHANNELS } from "../network/transforms.ts";
import { sseOf } from "../rate-distortion.ts";
import type { Picture, Relaxed } from "./relaxation.ts";

/** Bits and sum of squared errors of a picture. */
export type Outcome = Pick<Trial, "bits" | "sse">;

/** What a search minimises. */
export interface Loss {
  of(outcome: Outcome): number;
  /** Bits that a squared error of one 8-bit level in one sample is worth, where a search stands. */
  lambdaAt(outcome: Outcome): number;
}

/** bits + λ · SSE. */
export function weighedBy(lambda: number): Loss {
  return { of: (outcome) => lossOf(outcome, lambda), lambdaAt: () => lambda };
}

/** The power by which errors, or bits, beyond those wanted become dearer: they are twice as dear at 3.5 % more. */
const STEEPNESS = 20;
/** The largest factor by which λ may change on the way to a target. */
const FARTHEST = 4;

/**
 * Leads to a sum of squared errors, in the fewest bits. At `wanted`, λ is the one given; above it errors are dearer and
 * below it cheaper: λ · (SSE / `wanted`)²⁰. The loss is the integral of that.
 */
export function towardsSse(wanted: number, lambda: number): Loss {
  const part = wanted / (STEEPNESS + 1);
  return {
    of: ({ bits, sse }) => bits + lambda * part * (sse / wanted) ** (STEEPNESS + 1),
    lambdaAt: ({ sse }) => lambda * bounded((sse / wanted) ** STEEPNESS),
  };
}

/** Leads to a number of bits, with the least error: as `towardsSse`, but bits become dearer. */
export function towardsBits(wanted: number, lambda: number): Loss {
  const part = wanted / (STEEPNESS + 1);
  return {
    of: ({ bits, sse }) => part * (bits / wanted) ** (STEEPNESS + 1) + lambda * sse,
    lambdaAt: ({ bits }) => lambda * bounded((wanted / bits) ** STEEPNESS),
  };
}

function bounded(factor: number): number {
  return Math.max(1 / FARTHEST, Math.min(FARTHEST, factor));
}

/** A picture, and what a search for its latents minimises. */
export interface Goal extends Picture {
  /** Quality feature of the prior. */
  readonly level: number;
  readonly loss: Loss;
}

/** @param quality whose gain the latents have */
export function goalOf(model: Model, image: Image, quality: number, loss: Loss): Goal {
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
    loss,
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
  readonly priorOutputs: PriorOutputs;
  /** What the symbols cost by the tables. */
  readonly bits: number;
  /** Sum of squared errors of 8-bit samples; opacity counts where the picture has any. Reading it decodes. */
  readonly sse: number;
  /** Decoded when first read: many trials are compared by their bytes alone, and `g_s` is most of a trial's cost. */
  readonly decoded: Image;
}

/** `y_hat` in quantisation steps. */
export function inSteps({ yHat }: Pick<Trial, "yHat">): Float32Array {
  const steps = new Float32Array(yHat.length); // Float32Array.from with a function takes forty times as long
  for (let i = 0; i < steps.length; i++) steps[i] = yHat[i]! / LATENT_UNIT;
  return steps;
}

/** Outputs of the prior's networks, by the number of their step (`stepNumber`). */
type PriorOutputs = readonly ArrayLike<number>[];

/**
 * Quantises the latents of a picture; what they decode to is found when it is asked for.
 * @param image turned as it is coded
 * @param y [rows, columns, latentChannels] after the gain of the quality
 * @param known the prior's outputs in the first steps, from other latents that begin alike
 */
export function tryLatents(
  model: Model,
  image: Image,
  y: Float32Array,
  quality: number,
  known: PriorOutputs = [],
): Trial {
  const shape = latentSize(image.width, image.height);
  const run = priorOn(model.prior, model.architecture, shape);
  const priorOutputs = [...known];
  const predict: Predict = (step, input) => {
    priorOutputs[stepNumber(step)] ??= run(step, input);
    return priorOutputs[stepNumber(step)]!;
  };
  const places = new Int32Array(y.length);
  const scales = new Uint8Array(y.length);
  const symbols = new Int16Array(y.length);
  let [at, bits] = [0, 0];
  const yHat = quantiseLatents(
    model,
    y,
    shape,
    quality,
    (scale, symbol, place) => {
      places[at] = place;
      scales[at] = scale;
      symbols[at++] = symbol;
      bits += model.tables.cost(scale, symbol);
    },
    predict,
  );
  let decoded: Image | undefined;
  let sse: number | undefined;
  return {
    quality,
    yHat,
    places,
    scales,
    symbols,
    priorOutputs,
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
export function lossOf({ bits, sse }: Outcome, lambda: number): number {
  return bits + lambda * sse;
}
