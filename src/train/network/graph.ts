import {
  add,
  depthToSpace,
  exp,
  leakyRelu,
  matMul,
  mul,
  reshape,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tensor2d,
  tensor4d,
} from "@tensorflow/tfjs-core";
import type { ConvOptions, Layers } from "../../codec/network/architecture.ts";
import { type Architecture, latentSize } from "../../codec/network/architecture.ts";
import { pixelMask } from "../../codec/network/autoencoder.ts";
import { LATENT_UNIT } from "../../codec/network/prior.ts";
import { analysis, synthesis, TRANSFORM_SLOPE } from "../../codec/network/transforms.ts";
import { trainingLambda } from "../../codec/rate-distortion.ts";
import type { Batch } from "../data/batch.ts";
import { convolution } from "./kernels.ts";
import { gaussianBits, roundedBits } from "./likelihood.ts";
import { GAIN_TERMS, type Slot } from "./parameters.ts";
import { type QuantisedTensors, quantise, sigmas } from "./prior.ts";

/** Tensors of the parameters by name. */
export type Parameters = ReadonlyMap<string, Tensor>;

export function byName(slots: readonly Slot[], leaves: readonly Tensor[]): Parameters {
  return new Map(slots.map(({ name }, i) => [name, leaves[i]!]));
}

/** Latents as the prior codes them; tensors by image are [n]. */
export interface Coded extends QuantisedTensors {
  /** Bits of each image. */
  readonly bits: Tensor1D;
}

/** What the graph computes of a batch. */
export interface Outcome extends Coded {
  /** Mean squared error over the pixels of each image, of 8-bit levels. */
  readonly mse: Tensor1D;
  /** [n, rows, columns, latentChannels]: after gain. */
  readonly y: Tensor4D;
  /** [n, rows/2, columns/2, 12] blocks of the reconstruction. */
  readonly xHat: Tensor4D;
}

/**
 * The codec as a differentiable graph: `y` quantised around the prior's means, straight-through, for context and
 * distortion; the rate at `y` + noise.
 * @param noise uniform in ±½, one a latent; without it the rate is that of the quantised latents
 */
export function run(
  architecture: Architecture,
  parameters: Parameters,
  batch: Batch,
  noise?: Float32Array,
): Outcome {
  const { width, height, levels } = batch;
  const n = levels.length;
  const { rows, columns } = latentSize(width, height);
  const y = analyse(architecture, parameters, batch);
  const coded = code(architecture, parameters, y, levels, noise);
  const xHat = synthesis(
    architecture,
    new TrainingLayers(parameters),
    mul(coded.yHat, gain(parameters, "inverse_gain", levels)) as Tensor4D,
  );
  const mask = tensor4d(pixelMask(width, height), [1, rows * 4, columns * 4, 12]);
  const error = mul(square(sub(xHat, blocksOf(batch))), mask);
  const mse = mul(sum(reshape(error, [n, -1]), 1), 255 ** 2 / (width * height * 3)) as Tensor1D;
  return { ...coded, mse, y, xHat };
}

/** `y` of a batch, after gain. */
export function analyse(architecture: Architecture, parameters: Parameters, batch: Batch): Tensor4D {
  const y = analysis(architecture, new TrainingLayers(parameters), blocksOf(batch));
  return mul(y, gain(parameters, "gain", batch.levels)) as Tensor4D;
}

/** Quantises `y` and counts its bits; arguments as of `run`. */
export function code(
  architecture: Architecture,
  parameters: Parameters,
  y: Tensor4D,
  levels: Float32Array,
  noise?: Float32Array,
): Coded {
  const quantised = quantise(architecture, parameters, y, levels);
  const latents = noise ? add(y, tensor4d(noise, y.shape)) : y;
  const residual = sub(latents, mul(quantised.means, 1 / LATENT_UNIT)) as Tensor4D;
  const perLatent = (noise ? gaussianBits : roundedBits)(residual, sigmas(quantised.scales));
  return { ...quantised, bits: sum(reshape(perLatent, [levels.length, -1]), 1) as Tensor1D };
}

function blocksOf({ width, height, blocks, levels }: Batch): Tensor4D {
  const { rows, columns } = latentSize(width, height);
  return tensor4d(blocks, [levels.length, rows * 4, columns * 4, 12]);
}

/** Mean over the batch of (bits per pixel + w·MSE)/√w, so that no level outweighs the others. */
export function lossOf(outcome: Outcome, batch: Batch): Tensor {
  const distortion = batch.levels.map((level) => Math.sqrt(trainingLambda(level)) / batch.levels.length);
  return add(rateLossOf(outcome, batch), sum(mul(outcome.mse, [...distortion])));
}

/** The rate's part of the loss. */
export function rateLossOf({ bits }: Coded, { width, height, levels }: Batch): Tensor {
  const weights = levels.map((level) => 1 / Math.sqrt(trainingLambda(level)));
  return sum(mul(bits, [...weights.map((weight) => weight / (width * height * levels.length))]));
}

/** Convolutions with gradients; parameters by name. */
class TrainingLayers implements Layers<Tensor4D> {
  readonly #parameters: Parameters;

  constructor(parameters: Parameters) {
    this.#parameters = parameters;
  }

  conv(
    x: Tensor4D,
    name: string,
    { stride = 1, activate = false, plus }: ConvOptions<Tensor4D> = {},
  ): Tensor4D {
    const kernel = this.#parameters.get(`${name}.kernel`) as Tensor4D;
    const bias = this.#parameters.get(`${name}.bias`) as Tensor1D;
    const out = convolution(x, kernel, bias, {
      stride,
      slope: activate ? TRANSFORM_SLOPE : 1,
      inputGradient: name !== "g_a.conv0", // nothing needs the gradient of pixels
    });
    return plus ? add(plus, out) : out;
  }

  activate(x: Tensor4D): Tensor4D {
    return leakyRelu(x, TRANSFORM_SLOPE);
  }

  up(x: Tensor4D, name: string): Tensor4D {
    return depthToSpace(this.conv(x, name), 2);
  }
}

/** exp(g₀ + g₁·l + g₂·l²), [n, 1, 1, latentChannels]. */
function gain(parameters: Parameters, name: string, levels: Float32Array): Tensor4D {
  const n = levels.length;
  const powers = tensor2d(
    Float32Array.from(
      { length: n * GAIN_TERMS },
      (_, i) => levels[Math.floor(i / GAIN_TERMS)]! ** (i % GAIN_TERMS),
    ),
    [n, GAIN_TERMS],
  );
  const logarithm = matMul(powers, parameters.get(name) as Tensor2D);
  return reshape(exp(logarithm), [n, 1, 1, -1]);
}
