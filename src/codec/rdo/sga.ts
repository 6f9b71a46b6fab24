import type { Goal } from "./objective.ts";
import { LocalDistortion, type Relaxed, type Softened } from "./relaxation.ts";

/** First step of Adam, in quantisation steps of a latent. They get shorter, down to none at the end. */
const RATE = 0.05;
/** Temperature at the beginning and at the end. */
const [HOT, COLD] = [0.7, 0.2];
/** Power of the odds of the noise. SGA has 1, which needs more than three times as many steps for the same gain. */
const NOISE = 0.5;
/** Steps from one gradient of `g_s` to the next. Between two, the error is a quadratic around the last latents. */
const FRESH_EVERY = 5;
/** Keeps a logit finite. */
const EDGE = 1e-3;
const STEEPEST = 8;

/**
 * Stochastic Gumbel annealing (Yang, Bamler and Mandt, "Improving Inference for Neural Image Compression", NeurIPS
 * 2020): gradient descent on `y` where each latent is softly rounded up or down at random. Minimises bits + λ · SSE.
 * The chance to round up is sin²(½π·share) as in SGA+ (Perugachi-Diaz, Gansekoele and Bhulai, "Robustly overfitting
 * latents for flexible neural image compression", NeurIPS 2024), whose flat ends allow long steps; a lower temperature
 * makes it steeper. The noise is weaker than SGA's, since a descent is short. What else was tried: docs/experiments.md.
 */
export class Descent {
  /** The current point, [rows, columns, latentChannels] after gain. */
  readonly y: Float32Array;
  readonly #relaxed: Relaxed;
  readonly #goal: Goal;
  readonly #curvature: Float32Array;
  readonly #adam: Adam;
  readonly #random: () => number;
  #near!: LocalDistortion;
  #steps = 0;

  /** @param curvature of the channels; see `LocalDistortion` */
  constructor(
    relaxed: Relaxed,
    goal: Goal,
    curvature: Float32Array,
    start: Float32Array,
    random: () => number,
  ) {
    this.#relaxed = relaxed;
    this.#goal = goal;
    this.#curvature = curvature;
    this.y = Float32Array.from(start);
    this.#adam = new Adam(start.length);
    this.#random = random;
  }

  /**
   * @param through the share of the descent that is done, 0–1
   * @param lambda bits that a squared error is worth
   */
  step(through: number, lambda: number): void {
    const { prior, synthesis } = this.#relaxed;
    const { level } = this.#goal;
    const temperature = HOT + (COLD - HOT) * through;
    const soften = (residual: number) => softly(residual, temperature, this.#random());
    const code = prior.code(this.y, level, soften);
    if (this.#steps % FRESH_EVERY === 0)
      this.#near = new LocalDistortion(synthesis, this.#goal, code.yHat, this.#curvature);
    const slope = code.back(this.#near.gradient(code.yHat).map((value) => value * lambda));
    this.#adam.step(this.y, slope, RATE * (1 - through));
    this.#steps++;
  }
}

/** Relaxed rounding up or down: Gumbel noise enters as the difference of two, logistic. */
function softly(residual: number, temperature: number, random: number): Softened {
  const below = Math.floor(residual);
  const share = Math.min(1 - EDGE, Math.max(EDGE, residual - below));
  const [sin, cos] = [Math.sin((Math.PI / 2) * share), Math.cos((Math.PI / 2) * share)];
  const noise = ((random + Number.EPSILON) / (1 - random)) ** NOISE;
  const odds = ((sin / cos) ** 2 * noise) ** (1 / temperature);
  const up = odds / (1 + odds);
  return {
    symbol: below + up,
    slope: Math.min(STEEPEST, (up * (1 - up) * Math.PI) / (sin * cos * temperature)),
  };
}

const [MEMORY, MEMORY_OF_SQUARES] = [0.8, 0.99];

/** Adam (Kingma and Ba, 2015), with memories short enough for a few dozen steps. */
export class Adam {
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  #steps = 0;

  constructor(length: number) {
    this.#first = new Float64Array(length);
    this.#second = new Float64Array(length);
  }

  step(values: Float32Array, gradient: Float32Array, rate: number): void {
    this.#steps++;
    const corrected = (rate * Math.sqrt(1 - MEMORY_OF_SQUARES ** this.#steps)) / (1 - MEMORY ** this.#steps);
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i]!;
      this.#first[i] = MEMORY * this.#first[i]! + (1 - MEMORY) * g;
      this.#second[i] = MEMORY_OF_SQUARES * this.#second[i]! + (1 - MEMORY_OF_SQUARES) * g * g;
      values[i]! -= (corrected * this.#first[i]!) / (Math.sqrt(this.#second[i]!) + 1e-8);
    }
  }
}

/**
 * Mulberry32 (Tommy Ettinger, 2017): random numbers that a seed determines, so that the same picture gives the same
 * file.
 */
export class Mulberry32 {
  /** 32 bits, from which everything that follows can be repeated. */
  state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** 0 ≤ value < 1. */
  uniform(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

export function seededRandom(seed: number): () => number {
  const random = new Mulberry32(seed);
  return () => random.uniform();
}
