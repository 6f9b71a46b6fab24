import type { IntegerConvolution } from "../integer/convolution.ts";

/** Gradients are clipped to ±this, or what the sums allow. */
const GRADIENT_LIMIT = 2 ** 13 - 1;

/** The convolution that leads gradients back. */
export interface Transposed {
  readonly convolution: IntegerConvolution;
  /** What comes out of it is the gradient of the input times this. */
  readonly gain: number;
}

/**
 * The transposed convolution: it leads the gradient of a convolution's output back to its input. It is a convolution
 * with the kernel rotated by 180° and input and output channels swapped. The kernel is rounded anew to 8 bits, with one
 * scale for each of its output channels. That is an error of some tenths of a per cent; the noise of a search is a
 * hundred per cent.
 * @param gain factor of what comes out; the default leaves gradients about as large as they were
 */
export function transposedOf(
  { name, shape, kernel, multiplier }: IntegerConvolution,
  gain?: number,
): Transposed {
  const [height, width, depth, out] = shape;
  const taps = height * width;
  const values = new Float32Array(kernel.length);
  const largest = new Float32Array(depth);
  let squares = 0;
  for (let tap = 0, from = 0; tap < taps; tap++) {
    const opposite = (taps - 1 - tap) * out * depth;
    for (let d = 0; d < depth; d++) {
      for (let o = 0; o < out; o++) {
        const value = kernel[from++]! * multiplier[o]!;
        values[opposite + o * depth + d] = value;
        squares += value * value;
        largest[d] = Math.max(largest[d]!, Math.abs(value));
      }
    }
  }
  const steps = largest.map((value) => value / 127 || 1);
  const sums = new Float64Array(depth);
  const integers = Int8Array.from(values, (value, at) => {
    const integer = Math.round(value / steps[at % depth]!);
    sums[at % depth]! += Math.abs(integer);
    return integer;
  });
  const factor = gain ?? Math.sqrt(depth / (squares || depth));
  return {
    gain: factor,
    convolution: {
      name: `${name}, transposed`,
      shape: [height, width, out, depth],
      kernel: integers,
      bias: new Int32Array(depth),
      inputLimits: GRADIENT_LIMIT,
      sumsBelow: 2 ** 31,
      multiplier: steps.map((step) => step * factor),
      slope: 1,
      limit: Math.min(GRADIENT_LIMIT, Math.floor((2 ** 31 - 1) / Math.max(1, ...sums))),
      finer: false,
    },
  };
}
