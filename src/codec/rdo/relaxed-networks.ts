import { clip, contextOf, type LatentShape, parityOf } from "../entropy/context-model.ts";
import { SCALES, type SymbolTables } from "../entropy/symbol-tables.ts";
import type { IntegerConvolution } from "../integer/convolution.ts";
import { FEATURE_LIMIT, FEATURE_UNIT, PICTURE_UNIT } from "../integer/fixed-point.ts";
import type { Architecture } from "../network/architecture.ts";
import { positionFeatures } from "../network/positions.ts";
import {
  inputChannels,
  LATENT_UNIT,
  MEAN_LIMIT,
  networkName,
  networks,
  PRIOR_SLOPE,
  sliceChannels,
} from "../network/prior.ts";
import { synthesis, TRANSFORM_SLOPE } from "../network/transforms.ts";
import { type Recording, Tape } from "./autodiff.ts";

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
   * Gradient of bits + f(yHat) with respect to `y`, from that of f. `gradient` turns into that with respect to `yHat`, less what each
   * latent's own symbol costs. Once.
   */
  back(gradient: Float32Array): Float32Array;
}

/** What the way back needs of a pass: its networks, and derivatives of each latent's bits. */
interface Step {
  readonly slice: number;
  readonly pass: number;
  readonly recording: Recording;
  readonly bySymbol: Float32Array;
  readonly byScale: Float32Array;
  readonly slope: Float32Array;
}

/**
 * The prior of latents between whole numbers, so that bits have a gradient with respect to them: through their own symbols, and
 * through what they tell of later ones. Bits between two symbols are interpolated from the real tables, which is what a random
 * choice between the two would cost.
 */
export class RelaxedPrior {
  readonly #architecture: Architecture;
  readonly #tables: SymbolTables;
  readonly #tape: Tape;
  readonly #positions: Int8Array;

  /** @param tape with the prior's convolutions, of the size of the latents */
  constructor(architecture: Architecture, tables: SymbolTables, tape: Tape) {
    this.#architecture = architecture;
    this.#tables = tables;
    this.#tape = tape;
    this.#positions = positionFeatures(tape.rows, tape.columns);
  }

  /** Codes `y` [rows, columns, latentChannels] as `soften` quantises it. What it coded before is overwritten. */
  code(y: Float32Array, level: number, soften: Soften): RelaxedCode {
    const { latentChannels } = this.#architecture;
    const width = sliceChannels(this.#architecture);
    const shape: LatentShape = this.#tape;
    const area = shape.rows * shape.columns;
    const yHat = new Float32Array(y.length);
    const context = new Int16Array(y.length);
    const steps: Step[] = [];
    let bits = 0;
    for (const { slice, pass } of networks(this.#architecture)) {
      if (area === 1 && pass > 0) continue;
      const recording = this.#run(slice, pass, context, level);
      const { output } = recording;
      const step: Step = {
        slice,
        pass,
        recording,
        bySymbol: new Float32Array(area * width),
        byScale: new Float32Array(area * width),
        slope: new Float32Array(area * width),
      };
      for (let i = 0; i < area; i++) {
        if (parityOf(i, shape.columns) !== pass) continue;
        for (let c = 0; c < width; c++) {
          const at = i * latentChannels + slice * width + c;
          const mean = clip(output[i * 2 * width + c]!, -MEAN_LIMIT, MEAN_LIMIT) / LATENT_UNIT;
          const scale = output[(i * 2 + 1) * width + c]!;
          const { symbol, slope } = soften(y[at]! - mean);
          yHat[at] = symbol + mean;
          context[at] = Math.round(yHat[at] * LATENT_UNIT);
          const own = i * width + c;
          step.slope[own] = slope;
          bits += this.#cost(symbol, scale, step, own);
        }
      }
      steps.push(step);
    }
    const back = (gradient: Float32Array) => {
      const dy = new Float32Array(y.length);
      for (const step of steps.reverse()) this.#back(step, gradient, dy);
      return dy;
    };
    return { yHat, bits, back };
  }

  #run(slice: number, pass: number, context: Int16Array, level: number): Recording {
    const known = { positions: this.#positions, level, yHat: context };
    const input = contextOf(this.#architecture, { slice, pass }, this.#tape, known);
    const name = networkName(slice, pass);
    return this.#tape.record(name, input, (x) => {
      const a = this.#tape.conv(x, `${name}.conv0`, { activate: true });
      const b = this.#tape.conv(a, `${name}.conv1`, { activate: true, parity: pass });
      return this.#tape.conv(b, `${name}.conv2`, { parity: pass });
    });
  }

  /** Bits, between two symbols interpolated; leaves their derivatives in `step`. */
  #cost(symbol: number, unclipped: number, { bySymbol, byScale }: Step, at: number): number {
    const scale = clip(unclipped, 0, SCALES - 1);
    const low = Math.floor(symbol);
    const up = symbol - low;
    const [below, above] = [this.#tables.cost(scale, low), this.#tables.cost(scale, low + 1)];
    const bits = below * (1 - up) + above * up;
    bySymbol[at] = above - below;
    if (unclipped >= 0 && scale < SCALES - 1) {
      byScale[at] =
        this.#tables.cost(scale + 1, low) * (1 - up) + this.#tables.cost(scale + 1, low + 1) * up - bits;
    }
    return bits;
  }

  /** Adds to `gradient` what a pass's input had a part in, and writes `dy` of the latents it coded. */
  #back(step: Step, gradient: Float32Array, dy: Float32Array): void {
    const { slice, pass, recording } = step;
    const { rows, columns } = this.#tape;
    const { latentChannels } = this.#architecture;
    const width = sliceChannels(this.#architecture);
    const area = rows * columns;
    const dOutput = new Float32Array(area * 2 * width);
    for (let i = 0; i < area; i++) {
      if (parityOf(i, columns) !== pass) continue;
      for (let c = 0; c < width; c++) {
        const at = i * latentChannels + slice * width + c;
        const own = i * width + c;
        // y_hat = symbol(y − mean) + mean
        dy[at] = (gradient[at]! + step.bySymbol[own]!) * step.slope[own]!;
        const mean = i * 2 * width + c;
        if (Math.abs(recording.output[mean]!) < MEAN_LIMIT)
          dOutput[mean] = (gradient[at]! - dy[at]!) / LATENT_UNIT;
        dOutput[(i * 2 + 1) * width + c] = step.byScale[own]!;
      }
    }
    if (slice === 0 && pass === 0) return; // its input holds no latents
    const dInput = recording.back(dOutput);
    const depth = inputChannels(this.#architecture, slice, pass);
    for (let i = 0; i < area; i++) {
      const [at, from] = [i * latentChannels, i * depth];
      for (let c = 0; c < slice * width; c++) gradient[at + c]! += dInput[from + c]! * LATENT_UNIT;
      if (pass === 0) continue;
      const own = from + depth - width;
      for (let c = 0; c < width; c++) gradient[at + slice * width + c]! += dInput[own + c]! * LATENT_UNIT;
    }
  }
}

/** Levels of what leaves `g_s`. */
const LEVEL = PICTURE_UNIT / 255;

/** What is to be reconstructed. */
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
  distortion(
    { blocks, mask, inverseGain }: Picture,
    yHat: Float32Array,
  ): { sse: number; gradient: Float32Array } {
    const channels = this.#architecture.latentChannels;
    const input = new Int16Array(yHat.length);
    for (let i = 0; i < input.length; i++) {
      const scaled = Math.round(yHat[i]! * inverseGain[i % channels]! * FEATURE_UNIT);
      input[i] = Math.max(-FEATURE_LIMIT, Math.min(FEATURE_LIMIT, scaled));
    }
    const recording = this.#tape.record("g_s", input, (x) => synthesis(this.#architecture, this.#tape, x));
    const { output } = recording;
    const byOutput = new Float32Array(output.length);
    let sse = 0;
    for (let i = 0; i < output.length; i++) {
      const error = ((output[i]! - blocks[i]!) * mask[i]!) / LEVEL;
      sse += error * error;
      byOutput[i] = (2 * error) / LEVEL;
    }
    const gradient = recording
      .back(byOutput)
      .map((value, at) => value * inverseGain[at % channels]! * FEATURE_UNIT);
    return { sse, gradient };
  }
}
