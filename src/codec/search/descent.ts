import { type Tensor, type Tensor4D, tensor4d, tidy, valueAndGrad } from "@tensorflow/tfjs-core";
import type { Architecture } from "../architecture.ts";
import type { LatentShape } from "../latents.ts";
import { synthesis } from "../transforms.ts";
import { Adam } from "./adam.ts";
import type { DifferentiableLayers } from "./differentiable.ts";
import type { RelaxedPrior, Softened } from "./relaxed-prior.ts";

/** What is to be reconstructed, and what for. */
export interface Goal {
  readonly architecture: Architecture;
  readonly layers: DifferentiableLayers;
  readonly prior: RelaxedPrior;
  readonly shape: LatentShape;
  /** [4·rows, 4·columns, 12] blocks of the image, and 1 where they are not padding. */
  readonly blocks: Float32Array;
  readonly mask: Float32Array;
  /** Inverse gain of each channel. */
  readonly inverseGain: Float32Array;
  /** Quality feature of the prior. */
  readonly level: number;
  /** Bits that a squared error of one 8-bit level in one sample is worth. */
  readonly price: number;
}

/** First step of Adam, in quantisation steps of a latent. */
const RATE = 0.05;
/** Steps after which Adam's are half as long. */
const HALF_AT = 50;
/** Keeps a logit finite. */
const EDGE = 1e-3;
const STEEPEST = 4;

/**
 * Stochastic Gumbel annealing (Yang, Bamler and Mandt, "Improving Inference for Neural Image Compression", NeurIPS 2020):
 * gradient descent on `y` where each latent is softly rounded up or down at random. Minimises bits + price · squared error.
 * The chance to round up is sin²(½π·share) as in SGA+ (Perugachi-Diaz, Gansekoele and Bhulai, "Robustly overfitting latents
 * for flexible neural image compression", NeurIPS 2024), whose flat ends bear long steps. The temperature stays at 1 and
 * steps shorten, so a descent can be stopped and looked at anywhere: see docs/experiments.md for what else was tried.
 */
export class Descent {
  /** Where it stands, [rows, columns, latentChannels] after gain. */
  readonly y: Float32Array;
  readonly #goal: Goal;
  readonly #adam: Adam;
  readonly #soften: (residual: number) => Softened;
  #steps = 0;

  constructor(goal: Goal, start: Float32Array, random: () => number) {
    this.#goal = goal;
    this.y = Float32Array.from(start);
    this.#adam = new Adam(start.length);
    this.#soften = (residual) => softly(residual, random());
  }

  run(steps: number): void {
    for (const until = this.#steps + steps; this.#steps < until; this.#steps++) {
      const gradient = tidy(() => {
        const { prior, shape, level } = this.#goal;
        const code = prior.code(this.y, shape, level, this.#soften);
        return code.back(distortionGradient(this.#goal, code.yHat));
      });
      this.#adam.step(this.y, gradient, RATE / (1 + this.#steps / HALF_AT));
    }
  }
}

/** Gradient of price · squared error with respect to `y_hat`. */
function distortionGradient(goal: Goal, yHat: Float32Array): Float32Array {
  const { architecture, layers, shape, inverseGain, blocks, mask, price } = goal;
  const { rows, columns } = shape;
  const channels = architecture.latentChannels;
  const x = tensor4d(blocks, [1, rows * 4, columns * 4, 12]);
  const within = tensor4d(mask, [1, rows * 4, columns * 4, 12]);
  const error = (y: Tensor): Tensor =>
    layers.squaredError(synthesis(architecture, layers, y as Tensor4D), x, within);
  const scaled = yHat.map((value, i) => value * inverseGain[i % channels]!);
  const { grad } = valueAndGrad(error)(tensor4d(scaled, [1, rows, columns, channels]));
  return grad.dataSync<"float32">().map((value, i) => value * inverseGain[i % channels]! * 255 ** 2 * price);
}

/** Relaxed rounding up or down at temperature 1: Gumbel noise enters as the difference of two, logistic. */
function softly(residual: number, random: number): Softened {
  const below = Math.floor(residual);
  const share = Math.min(1 - EDGE, Math.max(EDGE, residual - below));
  const [sin, cos] = [Math.sin((Math.PI / 2) * share), Math.cos((Math.PI / 2) * share)];
  const odds = ((sin / cos) ** 2 * (random + Number.EPSILON)) / (1 - random);
  const up = odds / (1 + odds);
  return {
    symbol: below + up,
    slope: Math.min(STEEPEST, (up * (1 - up) * Math.PI) / (sin * cos)),
  };
}
