import { ZippyNetError } from "../errors.ts";

/**
 * A convolution in integers, the same on every machine. Of 16-bit inputs, for each output channel o:
 *
 * ```
 * sum = Σ kernel·input + bias_o                       32 bits; `assertFits` proves that no sum can overflow
 * v   = float32(sum) · multiplier_o                   two IEEE roundings, to nearest
 * v   = max(v, v · slope)                             leaky ReLU, where one follows
 * out = v clipped to ±limit, to the nearest integer   ties to the even one
 * ```
 *
 * One that adds to a residual clips once more: out = clip(residual + out). What a leaky ReLU takes of an integer x elsewhere
 * is max(x, (3277·x + 2¹⁴) >> 15).
 */
export interface IntegerConvolution {
  /** Height × width × in × out; height and width odd. */
  readonly shape: readonly [number, number, number, number];
  readonly kernel: Int8Array;
  readonly bias: Int32Array;
  readonly multiplier: Float32Array;
  /** Of the leaky ReLU if asked for, 0–1. */
  readonly slope: number;
  /** 1–32767. */
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

/** Throws `bad-model` if inputs within ±limit could make a sum reach 2³¹. */
export function assertFits(
  name: string,
  { shape: [height, width, depth, out], kernel, bias }: IntegerConvolution,
  limit: number,
): void {
  const sums = Float64Array.from(bias, Math.abs);
  // plain loops, and no calls in them: whoever loads a model waits for a million weights
  for (let row = 0, at = 0; row < height * width * depth; row++) {
    for (let o = 0; o < out; o++, at++) {
      const weight = kernel[at]!;
      sums[o]! += (weight < 0 ? -weight : weight) * limit;
    }
  }
  const largest = sums.reduce((a, b) => Math.max(a, b), 0);
  if (largest >= 2 ** 31) {
    throw new ZippyNetError(
      "bad-model",
      `${name}: expected sums below 2^31, got up to ${(largest / 2 ** 31).toFixed(2)} of it`,
    );
  }
}
