import { clipByValue, fused, round, type Tensor4D, tensor1d, tensor4d, tidy } from "@tensorflow/tfjs-core";
import type { Architecture } from "./architecture.ts";
import type { Convolution } from "./inference.ts";
import {
  ACTIVATION_LIMIT,
  inputChannels,
  networks,
  PRIOR_SLOPE_SHIFT,
  type PriorEngine,
  type PriorLayer,
  type PriorWeights,
} from "./prior.ts";

/**
 * The prior on a TensorFlow.js backend, exact: see the proof in `prior.ts`. Shifts are folded into kernel and bias as
 * powers of two, which moves exponents and leaves every sum exact.
 */
export class TensorPrior implements PriorEngine {
  readonly #architecture: Architecture;
  readonly #layers: Convolution[][][];

  constructor(architecture: Architecture, weights: PriorWeights) {
    this.#architecture = architecture;
    this.#layers = [];
    for (const { slice, pass } of networks(architecture)) {
      this.#layers[slice] ??= [];
      this.#layers[slice][pass] = weights[slice]![pass]!.map(asConvolution);
    }
  }

  run(
    slice: number,
    pass: number,
    input: Float32Array,
    [n, rows, columns]: readonly [number, number, number],
  ) {
    const [conv0, conv1, conv2] = this.#layers[slice]![pass]!;
    const out = tidy(() => {
      const x = tensor4d(input, [n, rows, columns, inputChannels(this.#architecture, slice, pass)]);
      const b = activated(conv1!, activated(conv0!, x));
      return round(fused.conv2d({ x: b, filter: conv2!.kernel, bias: conv2!.bias, strides: 1, pad: "same" }));
    });
    const values = out.dataSync<"float32">();
    out.dispose();
    return values;
  }

  dispose(): void {
    for (const layer of this.#layers.flat(2)) {
      layer.kernel.dispose();
      layer.bias.dispose();
    }
  }
}

function activated({ kernel, bias }: Convolution, x: Tensor4D): Tensor4D {
  const acc = fused.conv2d({
    x,
    filter: kernel,
    bias,
    strides: 1,
    pad: "same",
    activation: "leakyrelu",
    leakyreluAlpha: 2 ** -PRIOR_SLOPE_SHIFT,
  });
  return clipByValue(round(acc), -ACTIVATION_LIMIT, ACTIVATION_LIMIT);
}

/** A layer in floats, its shifts folded in. */
export function asConvolution({ shape, kernel, bias, shift }: PriorLayer): Convolution {
  const scale = Float32Array.from(shift, (by) => 2 ** -by);
  return {
    kernel: tensor4d(scaled(kernel, scale), [...shape]),
    bias: tensor1d(Float32Array.from(bias, (value, at) => value * scale[at]!)),
  };
}

/** A kernel in integers times one factor an output channel, its last dimension. */
export function scaled(kernel: Int8Array, factors: Float32Array): Float32Array {
  const values = new Float32Array(kernel.length);
  const { length: channels } = factors;
  // plain loops, no remainder: a model has millions of weights, and the first picture waits for them
  for (let at = 0; at < values.length; at += channels) {
    for (let c = 0; c < channels; c++) values[at + c] = kernel[at + c]! * factors[c]!;
  }
  return values;
}
