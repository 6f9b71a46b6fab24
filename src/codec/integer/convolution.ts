import { ZippyNetError } from "../errors.ts";
import type { Architecture, ConvolutionShape } from "../network/architecture.ts";
import { ACTIVATION_LIMIT, inputLimits, PRIOR_SLOPE, type PriorShape } from "../network/prior.ts";
import {
  FEATURE_LIMIT,
  FEATURE_UNIT,
  IMAGE_UNIT,
  PICTURE_UNIT,
  TRANSFORM_SLOPE,
} from "../network/transforms.ts";

/**
 * A convolution in integers, the same on every machine. Of 16-bit inputs, for each output channel o:
 *
 * ```
 * sum = Σ kernel·input + bias_o                       32 bits; proved not to overflow when the model is loaded
 * v   = float32(sum) · multiplier_o                   two IEEE roundings, to nearest
 * v   = max(v, v · slope)                             leaky ReLU, where one follows
 * out = v clipped to ±limit, to the nearest integer   ties to the even one
 * ```
 *
 * A convolution that adds to a residual clips once more: out = clip(residual + out). A leaky ReLU that follows no
 * convolution computes max(x, (3277·x + 2¹⁴) >> 15) of an integer x.
 */
export interface IntegerConvolution {
  readonly name: string;
  /** Height × width × in × out; height and width odd. */
  readonly shape: readonly [number, number, number, number];
  readonly kernel: Int8Array;
  readonly bias: Int32Array;
  /** Largest magnitude of inputs: of all, or of each channel. */
  readonly inputLimits: number | readonly number[];
  readonly multiplier: Float32Array;
  /** Slope of the leaky ReLU for negative sums, 0–1. */
  readonly slope: number;
  /** Outputs are clipped to ±this, 1–32767. */
  readonly limit: number;
  /** Whether depth-to-space of 2 follows. */
  readonly finer: boolean;
}

/** Four convolutions, each of which gives a quarter of the output channels. */
export function quartersOf(convolution: IntegerConvolution): IntegerConvolution[] {
  const { shape, kernel, bias, multiplier } = convolution;
  const [height, width, depth, out] = shape;
  const count = out / 4;
  return [0, 1, 2, 3].map((quarter) => {
    const from = quarter * count;
    const part = new Int8Array(height * width * depth * count);
    for (let row = 0; row < height * width * depth; row++) {
      part.set(kernel.subarray(row * out + from, row * out + from + count), row * count);
    }
    return {
      ...convolution,
      shape: [height, width, depth, count],
      kernel: part,
      bias: bias.subarray(from, from + count),
      multiplier: multiplier.subarray(from, from + count),
    };
  });
}

/**
 * Proves that no sum overflows: |bias| + Σ |kernel| · |input| stays below 2³¹. Throws `bad-model` otherwise.
 * @param magnitudes for each output channel, Σ |kernel| · w with a weight w of each input channel
 * @param limit the largest |input| / w
 */
export function assertFits(
  { name, bias }: IntegerConvolution,
  magnitudes: ArrayLike<number>,
  limit: number,
): void {
  const largest = bias.reduce(
    (most, value, o) => Math.max(most, Math.abs(value) + magnitudes[o]! * limit),
    0,
  );
  if (largest < SUM_LIMIT) return;
  throw new ZippyNetError(
    "bad-model",
    `${name}: expected sums below 2^${Math.log2(SUM_LIMIT)}, got up to ${(largest / SUM_LIMIT).toFixed(2)} of it`,
  );
}

/** Sums are 32-bit integers. */
const SUM_LIMIT = 2 ** 31;

/** The output of a transform is clipped to ±this. */
const OUTPUT_LIMIT = 2 ** 15 - 1;

/** A convolution as it is stored: a kernel in integers with one scale an output channel, and bias. */
export interface QuantisedConvolution extends ConvolutionShape {
  readonly integers: Int8Array;
  readonly scale: Float32Array;
  readonly bias: Float32Array;
}

/** Units of what enters and leaves a transform. */
export interface Ends {
  readonly input: number;
  readonly output: number;
}

export const ANALYSIS_ENDS: Ends = { input: IMAGE_UNIT, output: FEATURE_UNIT };
export const SYNTHESIS_ENDS: Ends = { input: FEATURE_UNIT, output: PICTURE_UNIT };

/** The convolutions of a transform by name, in its order, in integers. Throws `bad-model` if a bias is too large. */
export function inIntegers(
  stored: readonly QuantisedConvolution[],
  { input, output }: Ends,
): Map<string, IntegerConvolution> {
  return new Map(
    stored.map((convolution, at) => {
      const first = at === 0;
      const last = at === stored.length - 1;
      const integer = inInteger(convolution, {
        input: first ? input : FEATURE_UNIT,
        output: last ? output : FEATURE_UNIT,
      });
      const limit = last ? OUTPUT_LIMIT : FEATURE_LIMIT;
      return [convolution.name, { ...integer, limit }];
    }),
  );
}

function inInteger(
  { name, kernel: shape, integers: kernel, scale, bias, finer }: QuantisedConvolution,
  { input, output }: Ends,
): IntegerConvolution {
  const wanted = Array.from(bias, (value, o) => (value === 0 ? 0 : (value * input) / scale[o]!));
  if (!wanted.every((value) => Math.abs(value) < 2 ** 30)) {
    throw new ZippyNetError("bad-model", `${name}: expected biases below 2^30 of their kernels' scales`);
  }
  const multiplier = scale.map((value) => (value * output) / input);
  if (!multiplier.every(Number.isFinite))
    throw new ZippyNetError("bad-model", `${name}: expected scales that are finite in 32nds of a level`);
  return {
    name,
    shape,
    kernel,
    bias: Int32Array.from(wanted, (value) => Math.round(value)),
    inputLimits: FEATURE_LIMIT,
    multiplier,
    slope: TRANSFORM_SLOPE,
    limit: FEATURE_LIMIT,
    finer: finer === true,
  };
}

/** A layer of the prior as it is stored: integers, and what a sum is multiplied by, of each output channel. */
export interface PriorLayer extends PriorShape {
  readonly integers: Int8Array;
  readonly bias: Int32Array;
  readonly multiplier: Float32Array;
}

/**
 * The layers of the prior, by name. What leaves a network is clipped to 16 bits, which hold more than means and scales
 * need.
 */
export function priorInIntegers(
  architecture: Architecture,
  stored: readonly PriorLayer[],
): Map<string, IntegerConvolution> {
  return new Map(
    stored.map(({ name, kernel: shape, integers: kernel, bias, multiplier, step, layer }) => [
      name,
      {
        name,
        shape,
        kernel,
        bias,
        multiplier,
        inputLimits: layer === 0 ? inputLimits(architecture, step) : ACTIVATION_LIMIT,
        slope: PRIOR_SLOPE,
        limit: layer === 2 ? OUTPUT_LIMIT : ACTIVATION_LIMIT,
        finer: false,
      },
    ]),
  );
}
