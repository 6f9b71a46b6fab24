import { ZippyNetError } from "../errors.ts";
import type { Architecture } from "../network/architecture.ts";
import type { ConvolutionShape } from "../network/layers.ts";
import { ACTIVATION_LIMIT, inputLimits, PRIOR_SLOPE, type PriorShape } from "../network/prior.ts";
import { IMAGE_UNIT, PICTURE_UNIT } from "../network/space-to-depth.ts";
import { TRANSFORM_SLOPE } from "../network/transforms.ts";
import type { IntegerConvolution } from "./convolution.ts";

/** Integers that make one of feature maps, and of `y` and `y_hat` within the transforms. */
export const FEATURE_UNIT = 1024;
/** Feature maps are clipped to ±this, which is 16. */
export const FEATURE_LIMIT = 2 ** 14 - 1;
/** What leaves a transform is clipped to ±this only. */
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
    sumsBelow: 2 ** 31,
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
        sumsBelow: 2 ** 31,
        slope: PRIOR_SLOPE,
        limit: layer === 2 ? OUTPUT_LIMIT : ACTIVATION_LIMIT,
        finer: false,
      },
    ]),
  );
}
