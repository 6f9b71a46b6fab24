import {
  add,
  depthToSpace,
  fused,
  leakyRelu,
  pad,
  type Tensor1D,
  type Tensor4D,
} from "@tensorflow/tfjs-core";
import { type Layers, TRANSFORM_SLOPE } from "./transforms.ts";

export interface Convolution {
  /** Height × width × in × out. */
  readonly kernel: Tensor4D;
  readonly bias: Tensor1D;
}

/** The layers of the transforms for coding: convolution, bias and activation in one kernel. */
export class InferenceLayers implements Layers {
  readonly #convolutions: ReadonlyMap<string, Convolution>;

  constructor(convolutions: ReadonlyMap<string, Convolution>) {
    this.#convolutions = convolutions;
  }

  conv(x: Tensor4D, name: string, { stride = 1, activate = false } = {}): Tensor4D {
    const { kernel, bias } = this.#convolutions.get(name)!;
    // TensorFlow's "same" pads as we do at stride 1 only, and its native binding takes no number of its own
    const by = (kernel.shape[0] - 1) / 2;
    const around: [number, number] = [by, by];
    return fused.conv2d({
      x: stride === 1 ? x : pad(x, [[0, 0], around, around, [0, 0]]),
      filter: kernel,
      bias,
      strides: stride,
      pad: stride === 1 ? "same" : "valid",
      ...(activate && { activation: "leakyrelu", leakyreluAlpha: TRANSFORM_SLOPE }),
    });
  }

  convolution(name: string): Convolution {
    return this.#convolutions.get(name)!;
  }

  activate(x: Tensor4D): Tensor4D {
    return leakyRelu(x, TRANSFORM_SLOPE);
  }

  add(a: Tensor4D, b: Tensor4D): Tensor4D {
    return add(a, b);
  }

  depthToSpace(x: Tensor4D): Tensor4D {
    return depthToSpace(x, 2);
  }

  dispose(): void {
    for (const { kernel, bias } of this.#convolutions.values()) {
      kernel.dispose();
      bias.dispose();
    }
  }
}
