import type { IntegerConvolution } from "../integer/convolution.ts";

/** Gradients are clipped to ±this, or what the sums allow. */
const GRADIENT_LIMIT = 2 ** 13 - 1;

/** The way back through a convolution. */
export interface Turned {
  readonly convolution: IntegerConvolution;
  /** Its gradients times this are those of the inputs. */
  readonly gain: number;
}

/**
 * The gradient of a convolution's input, from that of its output: a convolution with the kernel turned by 180° and its channels
 * swapped. Its integers are rounded anew to one scale an output channel, which is the forward one's input channel; an error of some
 * tenths of a per cent, while what a search rounds at random is of a hundred.
 * @param gain what comes out is to be multiplied by; unless given, what leaves gradients as large as they were
 */
export function turnedOf({ name, shape, kernel, multiplier }: IntegerConvolution, gain?: number): Turned {
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
      name: `${name}, turned`,
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
