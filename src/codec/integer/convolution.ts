import { ZippyNetError } from "../errors.ts";

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
  /** |bias| + Σ |kernel| · limit has to be below this, at most 2³¹. */
  readonly sumsBelow: number;
  readonly multiplier: Float32Array;
  /** Slope of the leaky ReLU for negative sums, 0–1. */
  readonly slope: number;
  /** Outputs are clipped to ±this, 1–32767. */
  readonly limit: number;
  /** Whether depth-to-space of 2 follows. */
  readonly finer: boolean;
}

/** The convolutions that give each quarter of the output channels. */
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
 * Throws `bad-model` if a sum could grow too large.
 * @param magnitudes of each output channel: Σ |kernel|, by
 * @param limit of all inputs
 */
export function assertFits(
  { name, bias, sumsBelow }: IntegerConvolution,
  magnitudes: ArrayLike<number>,
  limit: number,
): void {
  const largest = bias.reduce(
    (most, value, o) => Math.max(most, Math.abs(value) + magnitudes[o]! * limit),
    0,
  );
  if (largest < sumsBelow) return;
  throw new ZippyNetError(
    "bad-model",
    `${name}: expected sums below 2^${Math.log2(sumsBelow)}, got up to ${(largest / sumsBelow).toFixed(2)} of it`,
  );
}
