import { contextChannels, type LatentShape, passOf, walkLatents } from "../entropy/context-model.ts";
import { SCALES, type SymbolTables } from "../entropy/symbol-tables.ts";
import type { IntegerConvolution } from "../integer/convolution.ts";
import { type Architecture, MEANS_AND_SCALES } from "../network/architecture.ts";
import {
  type CodingStep,
  inputChannels,
  LATENT_UNIT,
  MEAN_LIMIT,
  PRIOR_SLOPE,
  prior,
  sliceChannels,
} from "../network/prior.ts";
import { FEATURE_LIMIT, FEATURE_UNIT, LEVEL, synthesis, TRANSFORM_SLOPE } from "../network/transforms.ts";
import { type Recording, Tape } from "./autodiff.ts";

/** Ways back through `g_s` that estimate its curvature. */
const PROBES = 2;

/** Prior and `g_s` with gradients, for latents of one shape. */
export interface Relaxed {
  readonly shape: LatentShape;
  readonly prior: RelaxedPrior;
  readonly synthesis: RelaxedSynthesis;
}

/** A model's networks with gradients: those of the last shape are kept. */
export class Relaxation {
  readonly #architecture: Architecture;
  readonly #synthesis: ReadonlyMap<string, IntegerConvolution>;
  readonly #prior: ReadonlyMap<string, IntegerConvolution>;
  readonly #tables: SymbolTables;
  #last: Relaxed | undefined;

  constructor(
    architecture: Architecture,
    synthesis: ReadonlyMap<string, IntegerConvolution>,
    prior: ReadonlyMap<string, IntegerConvolution>,
    tables: SymbolTables,
  ) {
    this.#architecture = architecture;
    this.#synthesis = synthesis;
    this.#prior = prior;
    this.#tables = tables;
  }

  of(shape: LatentShape): Relaxed {
    if (this.#last?.shape.rows === shape.rows && this.#last.shape.columns === shape.columns)
      return this.#last;
    this.#last = undefined; // its memory is free before more is taken
    const prior = new Tape(this.#prior, PRIOR_SLOPE, shape);
    const synthesis = new Tape(this.#synthesis, TRANSFORM_SLOPE, shape);
    this.#last = {
      shape,
      prior: new RelaxedPrior(this.#architecture, this.#tables, prior),
      synthesis: new RelaxedSynthesis(this.#architecture, synthesis),
    };
    return this.#last;
  }
}

/** Gives the relaxed symbol of a residual between two integers, and its derivative. */
export type Soften = (residual: number) => Softened;

export interface Softened {
  symbol: number;
  slope: number;
}

/** Latents of one relaxed pass through the prior, and how to differentiate it. */
export interface RelaxedCode {
  /** [rows, columns, latentChannels], in quantisation steps. */
  readonly yHat: Float32Array;
  readonly bits: number;
  /**
   * Gradient of bits + f(yHat) with respect to `y`, from that of f. `gradient` turns into that with respect to `yHat`,
   * less what each latent's own symbol costs. Once.
   */
  back(gradient: Float32Array): Float32Array;
}

/**
 * Derivatives of each latent, [rows, columns, latentChannels]: of its bits by its symbol and by its scale, of its
 * symbol by `y`.
 */
interface Derivatives {
  readonly bySymbol: Float32Array;
  readonly byScale: Float32Array;
  readonly slope: Float32Array;
}

interface Recorded {
  readonly step: CodingStep;
  readonly recording: Recording;
}

/**
 * The prior of latents between whole numbers, so that bits have a gradient with respect to them: through their own
 * symbols, and through the context that they are to later ones. Bits between two symbols are interpolated from the real
 * tables, which is what a random choice between the two would cost.
 */
export class RelaxedPrior {
  readonly #architecture: Architecture;
  readonly #tables: SymbolTables;
  readonly #tape: Tape;

  /** @param tape with the prior's convolutions, of the size of the latents */
  constructor(architecture: Architecture, tables: SymbolTables, tape: Tape) {
    this.#architecture = architecture;
    this.#tables = tables;
    this.#tape = tape;
  }

  /** Codes `y` [rows, columns, latentChannels] as `soften` quantises it. What it coded before is overwritten. */
  code(y: Float32Array, level: number, soften: Soften): RelaxedCode {
    const recorded: Recorded[] = [];
    const predict = (step: CodingStep, input: Int16Array) => {
      const name = `${step.slice} ${step.pass}`;
      const recording = this.#tape.record(name, input, (layers, x) => prior(layers, step, x));
      recorded.push({ step, recording });
      return recording.output;
    };
    const yHat = new Float32Array(y.length);
    const derivatives: Derivatives = {
      bySymbol: new Float32Array(y.length),
      byScale: new Float32Array(y.length),
      slope: new Float32Array(y.length),
    };
    let bits = 0;
    walkLatents(this.#architecture, predict, this.#tape, level, (at, units, scale) => {
      const mean = units / LATENT_UNIT;
      const { symbol, slope } = soften(y[at]! - mean);
      yHat[at] = symbol + mean;
      derivatives.slope[at] = slope;
      bits += this.#cost(symbol, scale, derivatives, at);
      return Math.round(yHat[at] * LATENT_UNIT);
    });
    const back = (gradient: Float32Array) => {
      const dy = new Float32Array(y.length);
      for (const each of recorded.reverse()) this.#back(each, derivatives, gradient, dy);
      return dy;
    };
    return { yHat, bits, back };
  }

  /** Bits of a symbol, interpolated between two whole ones. Stores the derivatives. */
  #cost(symbol: number, scale: number, { bySymbol, byScale }: Derivatives, at: number): number {
    const low = Math.floor(symbol);
    const up = symbol - low;
    const [below, above] = [this.#tables.cost(scale, low), this.#tables.cost(scale, low + 1)];
    const bits = below * (1 - up) + above * up;
    bySymbol[at] = above - below;
    if (scale < SCALES - 1) {
      byScale[at] =
        this.#tables.cost(scale + 1, low) * (1 - up) + this.#tables.cost(scale + 1, low + 1) * up - bits;
    }
    return bits;
  }

  /** Adds to `gradient` the part that comes from the input of a step, and writes `dy` of the latents that it coded. */
  #back(
    { step, recording }: Recorded,
    derivatives: Derivatives,
    gradient: Float32Array,
    dy: Float32Array,
  ): void {
    const { rows, columns } = this.#tape;
    const { latentChannels } = this.#architecture;
    const width = sliceChannels(this.#architecture);
    const area = rows * columns;
    const { output } = recording;
    const dOutput = new Float32Array(output.length);
    for (let position = 0; position < area; position++) {
      if (passOf(position, columns) !== step.pass) continue;
      for (let c = 0; c < width; c++) {
        const at = position * latentChannels + step.slice * width + c;
        // y_hat = symbol(y − mean) + mean
        dy[at] = (gradient[at]! + derivatives.bySymbol[at]!) * derivatives.slope[at]!;
        const mean = position * MEANS_AND_SCALES * width + c;
        const scale = mean + width;
        // what the walk clipped has no gradient
        if (Math.abs(output[mean]!) < MEAN_LIMIT) dOutput[mean] = (gradient[at]! - dy[at]!) / LATENT_UNIT;
        if (output[scale]! >= 0) dOutput[scale] = derivatives.byScale[at]!;
      }
    }
    if (step.slice === 0 && step.pass === 0) return; // its input holds no latents
    const dInput = recording.back(dOutput);
    const depth = inputChannels(this.#architecture, step);
    for (const { latent, input, count } of contextChannels(this.#architecture, step)) {
      for (let position = 0; position < area; position++) {
        const [to, from] = [position * latentChannels + latent, position * depth + input];
        for (let c = 0; c < count; c++) gradient[to + c]! += dInput[from + c]! * LATENT_UNIT;
      }
    }
  }
}

/** The picture to be reconstructed, as `g_s` gives it. */
export interface Picture {
  /** [4·rows, 4·columns, 12] blocks of the image in `PICTURE_UNIT`, and 1 where they are not padding. */
  readonly blocks: Int16Array;
  readonly mask: Float32Array;
  /** Inverse gain of each channel. */
  readonly inverseGain: Float32Array;
}

/** `g_s` of latents between whole numbers. */
export class RelaxedSynthesis {
  readonly #architecture: Architecture;
  readonly #tape: Tape;

  /** @param tape with the convolutions of `g_s`, of the size of the latents */
  constructor(architecture: Architecture, tape: Tape) {
    this.#architecture = architecture;
    this.#tape = tape;
  }

  /** Sum of squared errors of 8-bit samples, neither rounded nor clipped, and its gradient with respect to `y_hat`. */
  distortion(picture: Picture, yHat: Float32Array): { sse: number; gradient: Float32Array } {
    const { blocks, mask } = picture;
    const recording = this.#record(picture, yHat);
    const { output } = recording;
    const byOutput = new Float32Array(output.length);
    let sse = 0;
    for (let i = 0; i < output.length; i++) {
      const error = ((output[i]! - blocks[i]!) * mask[i]!) / LEVEL;
      sse += error * error;
      byOutput[i] = (2 * error) / LEVEL;
    }
    return { sse, gradient: this.#back(recording, picture, byOutput) };
  }

  /**
   * By how much one latent, moved by a quantisation step, changes the picture: the sum of squares, in 8-bit levels, as
   * the mean of each channel. Hutchinson's estimator: the squared gradients of samples with random signs.
   */
  curvature(picture: Picture, yHat: Float32Array, random: () => number): Float32Array {
    const channels = this.#architecture.latentChannels;
    const curvature = new Float32Array(channels);
    const count = (PROBES * yHat.length) / channels;
    for (let probe = 0; probe < PROBES; probe++) {
      const recording = this.#record(picture, yHat);
      const signs = picture.mask.map((value) => (random() < 0.5 ? -value : value) / LEVEL);
      this.#back(recording, picture, signs).forEach((value, at) => {
        curvature[at % channels]! += (value * value) / count;
      });
    }
    return curvature;
  }

  #record({ inverseGain }: Picture, yHat: Float32Array): Recording {
    const channels = this.#architecture.latentChannels;
    const input = new Int16Array(yHat.length);
    for (let i = 0; i < input.length; i++) {
      const scaled = Math.round(yHat[i]! * inverseGain[i % channels]! * FEATURE_UNIT);
      input[i] = Math.max(-FEATURE_LIMIT, Math.min(FEATURE_LIMIT, scaled));
    }
    return this.#tape.record("g_s", input, (layers, x) => synthesis(this.#architecture, layers, x));
  }

  /** The gradient with respect to `y_hat`, from that with respect to the output. */
  #back(recording: Recording, { inverseGain }: Picture, byOutput: Float32Array): Float32Array {
    const channels = this.#architecture.latentChannels;
    return recording.back(byOutput).map((value, at) => value * inverseGain[at % channels]! * FEATURE_UNIT);
  }
}

/**
 * The sum of squared errors near some latents, without another run of `g_s`:
 *
 *   SSE(at + d) ≈ SSE(at) + Σ gradient · d + Σ curvature · d²
 *
 * with one curvature a channel, and nothing for two latents together.
 */
export class LocalDistortion {
  readonly #at: Float32Array;
  readonly #gradient: Float32Array;
  readonly #curvature: Float32Array;

  /**
   * @param at `y_hat` [rows, columns, latentChannels], in quantisation steps
   * @param curvature of each channel, from `RelaxedSynthesis.curvature`
   */
  constructor(synthesis: RelaxedSynthesis, picture: Picture, at: Float32Array, curvature: Float32Array) {
    this.#at = at;
    this.#gradient = synthesis.distortion(picture, at).gradient;
    this.#curvature = curvature;
  }

  /** The gradient at other latents. */
  gradient(yHat: Float32Array): Float32Array {
    return this.#gradient.map((value, i) => value + 2 * this.#curvatureOf(i) * (yHat[i]! - this.#at[i]!));
  }

  /** The change of the error from `at` to other latents. */
  change(yHat: Float32Array): number {
    let change = 0;
    for (let i = 0; i < yHat.length; i++) change += this.changeOf(i, yHat[i]! - this.#at[i]!);
    return change;
  }

  /** The change of the error when one latent moves. */
  changeOf(i: number, by: number): number {
    return by * (this.#gradient[i]! + by * this.#curvatureOf(i));
  }

  #curvatureOf(i: number): number {
    return this.#curvature[i % this.#curvature.length]!;
  }
}
