import { tensor1d, tensor4d } from "@tensorflow/tfjs-core";
import type { Convolution } from "./differentiable.ts";

/** A convolution in floats, of a kernel in integers times one scale an output channel. */
export function asConvolution(
  shape: readonly [number, number, number, number],
  kernel: Int8Array,
  scale: Float32Array,
  bias: Float32Array,
): Convolution {
  const channels = shape[3];
  const values = Float32Array.from(kernel, (value, at) => value * scale[at % channels]!);
  return { kernel: tensor4d(values, [...shape]), bias: tensor1d(bias) };
}
