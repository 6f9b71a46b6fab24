import {
  add,
  conv2d,
  customGrad,
  depthToSpace,
  fused,
  type GradSaveFunc,
  greater,
  keep,
  leakyRelu,
  mul,
  reshape,
  reverse,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tidy,
  transpose,
  where,
} from "@tensorflow/tfjs-core";
import { type ConvOptions, type Layers, TRANSFORM_SLOPE } from "../transforms.ts";

/** A convolution in floats. */
export interface Convolution {
  /** Height × width × in × out. */
  readonly kernel: Tensor4D;
  readonly bias: Tensor1D;
}

/**
 * A convolution of stride 1 and zero padding that knows the gradient of its input, on any backend: it is a convolution of
 * the output's gradient with the kernel turned by 180° and its channels swapped. That is a forward kernel, which WebAssembly
 * runs fast, and has. Weights are fixed, so theirs is not needed.
 */
export class DifferentiableConvolution {
  readonly #forward: Convolution;
  readonly #turned: Tensor4D;

  constructor(forward: Convolution) {
    this.#forward = forward;
    this.#turned = keep(tidy(() => transpose(reverse(forward.kernel, [0, 1]), [0, 1, 3, 2])));
  }

  /** @param slope of the leaky ReLU that follows, if one does */
  run(x: Tensor4D, slope?: number): Tensor4D {
    const { kernel: filter, bias } = this.#forward;
    const activation = slope === undefined ? {} : { activation: "leakyrelu" as const, leakyreluAlpha: slope };
    return fused.conv2d({ x, filter, bias, strides: 1, pad: "same", ...activation });
  }

  /** Gradient of the input, from that of the output before activation. */
  back(dy: Tensor4D): Tensor4D {
    return conv2d(dy, this.#turned, 1, "same");
  }

  dispose(): void {
    this.#forward.kernel.dispose();
    this.#forward.bias.dispose();
    this.#turned.dispose();
  }
}

/** Gradient of what enters a leaky ReLU, from that of what leaves it and the value of either. */
export function leakyReluBack(dy: Tensor4D, value: Tensor4D, slope: number): Tensor4D {
  return where(greater(value, 0), dy, mul(dy, slope));
}

/** The layers of `g_s` with gradients of their inputs; `synthesis` runs on them under `valueAndGrad`. */
export class DifferentiableLayers implements Layers<Tensor4D> {
  readonly #convolutions: ReadonlyMap<string, DifferentiableConvolution>;

  constructor(convolutions: ReadonlyMap<string, DifferentiableConvolution>) {
    this.#convolutions = convolutions;
  }

  conv(x: Tensor4D, name: string, { activate = false, plus }: ConvOptions<Tensor4D> = {}): Tensor4D {
    const convolution = this.#convolutions.get(name)!;
    const slope = activate ? TRANSFORM_SLOPE : undefined;
    const out = customGrad((input, save) => {
      const value = convolution.run(input as Tensor4D, slope);
      (save as GradSaveFunc)([value]);
      const gradFunc = (dy: Tensor, [saved]: Tensor[]) =>
        convolution.back(
          slope === undefined ? (dy as Tensor4D) : leakyReluBack(dy as Tensor4D, saved as Tensor4D, slope),
        );
      return { value, gradFunc };
    })(x) as Tensor4D;
    return plus ? sumOf(plus, out) : out;
  }

  up(input: Tensor4D, name: string): Tensor4D {
    const x = this.conv(input, name);
    const [n, rows, columns, channels] = x.shape;
    const blocks: number[] = [n, rows, 2, columns, 2, channels / 4];
    return customGrad((input) => ({
      value: depthToSpace(input as Tensor4D, 2),
      gradFunc: (dy: Tensor) => reshape(transpose(reshape(dy, blocks), [0, 1, 3, 2, 4, 5]), x.shape),
    }))(x) as Tensor4D;
  }

  activate(x: Tensor4D): Tensor4D {
    return customGrad((input, save) => {
      (save as GradSaveFunc)([input as Tensor4D]);
      return {
        value: leakyRelu(input as Tensor4D, TRANSFORM_SLOPE),
        gradFunc: (dy: Tensor, [saved]: Tensor[]) =>
          leakyReluBack(dy as Tensor4D, saved as Tensor4D, TRANSFORM_SLOPE),
      };
    })(x) as Tensor4D;
  }

  /** Σ mask · (a − b)², differentiable in a. */
  squaredError(a: Tensor4D, b: Tensor4D, mask: Tensor4D): Tensor {
    return customGrad((x, save) => {
      const error = mul(sub(x as Tensor4D, b), mask);
      (save as GradSaveFunc)([error]);
      return {
        value: sum(square(error)),
        gradFunc: (dy: Tensor, [saved]: Tensor[]) => mul(mul(saved!, 2), dy),
      };
    })(a);
  }

  dispose(): void {
    for (const convolution of this.#convolutions.values()) convolution.dispose();
  }
}

function sumOf(a: Tensor4D, b: Tensor4D): Tensor4D {
  return customGrad((x, y) => ({
    value: add(x as Tensor4D, y as Tensor4D),
    gradFunc: (dy: Tensor) => [dy, dy],
  }))(a, b) as Tensor4D;
}
