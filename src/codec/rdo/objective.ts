import type { Image } from "../image.ts";
import type { Model } from "../model.ts";
import { latentSize } from "../network/architecture.ts";
import { blockSize, inPictureUnit, pixelMask, toBlocks } from "../network/autoencoder.ts";
import { BLOCK_CHANNELS } from "../network/transforms.ts";
import type { Picture, Relaxed } from "./relaxation.ts";

/** What coding a picture comes to. */
export interface Outcome {
  /** What the symbols cost by the tables. */
  readonly bits: number;
  /** Sum of squared errors of 8-bit samples; opacity counts where the picture has any. */
  readonly sse: number;
}

/** The rate–distortion loss: bits + λ · SSE. */
export function lossOf({ bits, sse }: Outcome, lambda: number): number {
  return bits + lambda * sse;
}

/** What a search minimises. */
export interface Loss {
  of(outcome: Outcome): number;
  /** Bits that a squared error of one 8-bit level in one sample is worth, where a search stands. */
  lambdaAt(outcome: Outcome): number;
}

/** The loss of one λ. */
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
