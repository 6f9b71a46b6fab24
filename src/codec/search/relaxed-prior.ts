import { clipByValue, type Tensor4D, tensor4d, tidy } from "@tensorflow/tfjs-core";
import { type Architecture, PASSES } from "../architecture.ts";
import type { LatentShape } from "../latents.ts";
import { POSITION_FEATURES, positionFeatures } from "../positions.ts";
import {
  ACTIVATION_LIMIT,
  inputChannels,
  LATENT_LIMIT,
  LATENT_UNIT,
  MEAN_LIMIT,
  networks,
  POSITION_SCALE,
  PRIOR_SLOPE,
  type PriorWeights,
  sliceChannels,
} from "../prior.ts";
import { SCALES, type SymbolTables } from "../symbols.ts";
import { asConvolution } from "./as-convolution.ts";
import { DifferentiableConvolution, leakyReluBack } from "./differentiable.ts";

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
  /** Gradient of bits + f(yHat) with respect to `y`, from that of f; `gradient` is used up. */
  back(gradient: Float32Array): Float32Array;
}

/** What the way back needs of a pass: the activations, and derivatives of each latent's bits. */
interface Step {
  readonly slice: number;
  readonly pass: number;
  readonly activations: readonly [Tensor4D, Tensor4D];
  readonly output: Float32Array;
  readonly bySymbol: Float32Array;
  readonly byScale: Float32Array;
  readonly slope: Float32Array;
}

/**
 * The prior with its rounding left out, so that bits have a gradient with respect to latents: through their own symbols, and
 * through what they tell of later ones. Bits between two symbols or two scales are interpolated from the real tables, which
 * for symbols is what a random choice between the two would cost.
 */
export class RelaxedPrior {
  readonly #architecture: Architecture;
  readonly #tables: SymbolTables;
  readonly #networks: DifferentiableConvolution[][][] = [];

  constructor(architecture: Architecture, weights: PriorWeights, tables: SymbolTables) {
    this.#architecture = architecture;
    this.#tables = tables;
    for (const { slice, pass } of networks(architecture)) {
      this.#networks[slice] ??= [];
      this.#networks[slice][pass] = weights[slice]![pass]!.map(({ shape, kernel, bias, multiplier }) => {
        const floats = Float32Array.from(bias, (value, at) => value * multiplier[at]!);
        return new DifferentiableConvolution(asConvolution(shape, kernel, multiplier, floats));
      });
    }
  }

  /** Codes `y` [rows, columns, latentChannels] as `soften` quantises it. Call within `tidy`. */
  code(y: Float32Array, shape: LatentShape, level: number, soften: Soften): RelaxedCode {
    const { rows, columns } = shape;
    const { latentChannels } = this.#architecture;
    const width = sliceChannels(this.#architecture);
    const area = rows * columns;
    const positions = positionFeatures(rows, columns);
    const yHat = new Float32Array(y.length);
    const steps: Step[] = [];
    let bits = 0;
    for (const { slice, pass } of networks(this.#architecture)) {
      if (area === 1 && pass > 0) continue;
      const depth = inputChannels(this.#architecture, slice, pass);
      const input = new Float32Array(area * depth);
      for (let i = 0, to = 0; i < area; i++) {
        const at = i * latentChannels;
        for (let c = 0; c < slice * width; c++) input[to++] = contextOf(yHat[at + c]!);
        for (let f = 0; f < POSITION_FEATURES; f++)
          input[to++] = POSITION_SCALE * positions[i * POSITION_FEATURES + f]!;
        input[to++] = level;
        input[to++] = parityOf(i, columns) === pass ? LATENT_UNIT : 0;
        if (pass > 0) for (let c = 0; c < width; c++) input[to++] = contextOf(yHat[at + slice * width + c]!);
      }
      const { output, activations } = this.#forward(slice, pass, tensor4d(input, [1, rows, columns, depth]));
      const step: Step = {
        slice,
        pass,
        activations,
        output,
        bySymbol: new Float32Array(area * width),
        byScale: new Float32Array(area * width),
        slope: new Float32Array(area * width),
      };
      for (let i = 0; i < area; i++) {
        if (parityOf(i, columns) !== pass) continue;
        for (let c = 0; c < width; c++) {
          const at = i * latentChannels + slice * width + c;
          const mean = clip(output[i * 2 * width + c]!, -MEAN_LIMIT, MEAN_LIMIT) / LATENT_UNIT;
          const scale = clip(output[(i * 2 + 1) * width + c]!, 0, SCALES - 1);
          const { symbol, slope } = soften(y[at]! - mean);
          yHat[at] = symbol + mean;
          const own = i * width + c;
          step.slope[own] = slope;
          bits += this.#cost(symbol, scale, step, own);
        }
      }
      steps.push(step);
    }
    const back = (gradient: Float32Array) => {
      const dy = new Float32Array(y.length);
      for (const step of steps.reverse()) this.#back(step, shape, gradient, dy);
      return dy;
    };
    return { yHat, bits, back };
  }

  /** Bits by bilinear interpolation; leaves their derivatives in `step`. */
  #cost(symbol: number, scale: number, { bySymbol, byScale }: Step, at: number): number {
    const low = Math.floor(symbol);
    const narrow = Math.min(SCALES - 2, Math.floor(scale));
    const [up, wide] = [symbol - low, scale - narrow];
    const a = this.#tables.cost(narrow, low);
    const b = this.#tables.cost(narrow, low + 1);
    const c = this.#tables.cost(narrow + 1, low);
    const d = this.#tables.cost(narrow + 1, low + 1);
    bySymbol[at] = (b - a) * (1 - wide) + (d - c) * wide;
    byScale[at] = (c - a) * (1 - up) + (d - b) * up;
    return (a * (1 - up) + b * up) * (1 - wide) + (c * (1 - up) + d * up) * wide;
  }

  #forward(slice: number, pass: number, x: Tensor4D) {
    const [conv0, conv1, conv2] = this.#networks[slice]![pass]!;
    const a = clipByValue(conv0!.run(x, PRIOR_SLOPE), -ACTIVATION_LIMIT, ACTIVATION_LIMIT);
    const b = clipByValue(conv1!.run(a, PRIOR_SLOPE), -ACTIVATION_LIMIT, ACTIVATION_LIMIT);
    const output = conv2!.run(b).dataSync<"float32">();
    return { output, activations: [a, b] as const };
  }

  /** Adds to `gradient` what a pass's input had a part in, and writes `dy` of the latents it coded. */
  #back(step: Step, { rows, columns }: LatentShape, gradient: Float32Array, dy: Float32Array): void {
    const { slice, pass } = step;
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
        const [mean, scale] = [i * 2 * width + c, (i * 2 + 1) * width + c];
        if (Math.abs(step.output[mean]!) < MEAN_LIMIT)
          dOutput[mean] = (gradient[at]! - dy[at]!) / LATENT_UNIT;
        if (step.output[scale]! > 0 && step.output[scale]! < SCALES - 1) dOutput[scale] = step.byScale[own]!;
      }
    }
    if (slice === 0 && pass === 0) return; // its input holds no latents
    const depth = inputChannels(this.#architecture, slice, pass);
    const dInput = tidy(() => {
      const [conv0, conv1, conv2] = this.#networks[slice]![pass]!;
      const [a, b] = step.activations;
      const d1 = leakyReluBack(conv2!.back(tensor4d(dOutput, [1, rows, columns, 2 * width])), b, PRIOR_SLOPE);
      const d0 = leakyReluBack(conv1!.back(d1), a, PRIOR_SLOPE);
      return conv0!.back(d0).dataSync<"float32">();
    });
    for (let i = 0; i < area; i++) {
      const [at, from] = [i * latentChannels, i * depth];
      for (let c = 0; c < slice * width; c++) gradient[at + c]! += dInput[from + c]! * LATENT_UNIT;
      if (pass === 0) continue;
      const own = from + depth - width;
      for (let c = 0; c < width; c++) gradient[at + slice * width + c]! += dInput[own + c]! * LATENT_UNIT;
    }
  }

  dispose(): void {
    for (const convolution of this.#networks.flat(2)) convolution.dispose();
  }
}

function contextOf(yHat: number): number {
  return clip(yHat * LATENT_UNIT, -LATENT_LIMIT, LATENT_LIMIT);
}

function parityOf(position: number, columns: number): number {
  return (Math.floor(position / columns) + (position % columns)) % PASSES;
}

function clip(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
