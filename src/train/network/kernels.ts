import {
  backend,
  customGrad,
  DepthToSpace,
  LeakyRelu,
  pad as padTensor,
  registerGradient,
  reshape,
  reverse,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tensor1d,
  tidy,
  transpose,
} from "@tensorflow/tfjs-core";

/** The part of tfjs-node's backend that reaches TensorFlow's own kernels. */
interface NativeBackend {
  readonly binding: Readonly<Record<string, number>>;
  executeSingleOutput(name: string, attributes: Attribute[], inputs: Tensor[]): Tensor;
  executeMultipleOutputs(name: string, attributes: Attribute[], inputs: Tensor[], outputs: number): Tensor[];
}

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

type AttributeKind = "TYPE" | "INT" | "FLOAT" | "STRING" | "BOOL" | "SHAPE";
/** Attributes of an operation: name → kind and value; "FLOAT32" and "INT32" stand for types. */
export type Attributes = Readonly<Record<string, readonly [AttributeKind, unknown]>>;

/** The attribute that names float32. */
export const FLOAT: Attributes = { T: ["TYPE", "TF_FLOAT"] };

/** Runs a TensorFlow kernel by name and gives its only output; see TensorFlow's `raw_ops`. */
export function native(name: string, inputs: Tensor[], attributes: Attributes = FLOAT): Tensor {
  const engine = nativeBackend();
  return engine.executeSingleOutput(name, attributeList(engine, attributes), inputs);
}

/** The same for a kernel of any number of outputs. */
export function nativeAll(
  name: string,
  inputs: Tensor[],
  outputs: number,
  attributes: Attributes = FLOAT,
): Tensor[] {
  const engine = nativeBackend();
  return engine.executeMultipleOutputs(name, attributeList(engine, attributes), inputs, outputs);
}

function nativeBackend(): NativeBackend {
  return backend() as unknown as NativeBackend;
}

function attributeList({ binding }: NativeBackend, attributes: Attributes): Attribute[] {
  return Object.entries(attributes).map(([name, [kind, value]]) => ({
    name,
    type: binding[`TF_ATTR_${kind}`]!,
    value: kind === "TYPE" ? binding[value as string] : value,
  }));
}

/** Cuts a vector into consecutive pieces. */
export function splitVector(vector: Tensor, sizes: readonly number[]): Tensor[] {
  return tidy(() =>
    nativeAll("SplitV", [vector, tensor1d([...sizes], "int32"), tensorScalar(0)], sizes.length, {
      num_split: ["INT", sizes.length],
      T: ["TYPE", "TF_FLOAT"],
      Tlen: ["TYPE", "TF_INT32"],
    }),
  );
}

function tensorScalar(value: number): Tensor {
  return reshape(tensor1d([value], "int32"), []);
}

interface ConvolutionOptions {
  readonly stride?: 1 | 2;
  /** Slope of a leaky ReLU after the bias; 1 is none. */
  readonly slope?: number;
  /** False where nothing needs the gradient of the input: it is not computed. */
  readonly inputGradient?: boolean;
}

/**
 * Convolution with zero padding of (size − 1)/2 on every side, bias and leaky ReLU, with a gradient of few operations.
 * @param x [n, h, w, in]
 * @param kernel [size, size, in, out]
 */
export function convolution(
  x: Tensor4D,
  kernel: Tensor4D,
  bias: Tensor1D,
  { stride = 1, slope = 1, inputGradient = true }: ConvolutionOptions = {},
): Tensor4D {
  const border = (kernel.shape[0] - 1) / 2;
  // TensorFlow's own padding differs at stride 2
  const padded: Tensor4D =
    stride === 1
      ? x
      : padTensor(x, [
          [0, 0],
          [border, border],
          [border, border],
          [0, 0],
        ]);
  const padding = stride === 1 ? "SAME" : "VALID";
  const run = (input: Tensor4D): Tensor4D => {
    const linear = native("BiasAdd", [linearForward(input, kernel, stride, padding), bias], {
      ...FLOAT,
      data_format: ["STRING", "NHWC"],
    }) as Tensor4D;
    return slope === 1 ? linear : leaky(linear, slope);
  };
  const gradients = (dy: Tensor4D, input: Tensor4D, weights: Tensor4D, y: Tensor4D | undefined) => {
    const du = y ? leakyGradient(dy, y, slope) : dy;
    return {
      dInput: inputGradient ? inputGradientOf(du, input.shape, weights, stride, padding) : undefined,
      dKernel: kernelGradientOf(du, input, weights.shape, stride, padding),
      dBias: native("BiasAddGrad", [du], { ...FLOAT, data_format: ["STRING", "NHWC"] }),
    };
  };
  if (!inputGradient) {
    return customGrad((weights, _bias, save) => {
      const y = run(padded);
      (save as Save)([padded, weights as Tensor, ...(slope === 1 ? [] : [y])]);
      return {
        value: y,
        gradFunc: (dy: Tensor, saved: Tensor[]) => {
          const [from, through, out] = saved as [Tensor4D, Tensor4D, Tensor4D | undefined];
          const { dKernel, dBias } = gradients(dy as Tensor4D, from, through, out);
          return [dKernel, dBias];
        },
      };
    })(kernel, bias) as Tensor4D;
  }
  return customGrad((input, weights, _bias, save) => {
    const y = run(input as Tensor4D);
    (save as Save)([input as Tensor, weights as Tensor, ...(slope === 1 ? [] : [y])]);
    return {
      value: y,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [from, through, out] = saved as [Tensor4D, Tensor4D, Tensor4D | undefined];
        const { dInput, dKernel, dBias } = gradients(dy as Tensor4D, from, through, out);
        return [dInput!, dKernel, dBias];
      },
    };
  })(padded, kernel, bias) as Tensor4D;
}

/** What `customGrad` passes last. */
export type Save = (tensors: Tensor[]) => void;
/** From so many output channels on, a forward convolution computes the gradient of the input faster. */
const MANY_CHANNELS = 24;
type Shape4 = [number, number, number, number];

/** Without bias; 1×1 kernels as matrix products, which are faster. */
export function linearForward(x: Tensor4D, kernel: Tensor4D, stride: number, padding: string): Tensor4D {
  if (kernel.shape[0] === 1) return rows(x).times(flat(kernel)).back(x.shape);
  return native("Conv2D", [x, kernel], convolutionAttributes(stride, padding)) as Tensor4D;
}

export function inputGradientOf(
  dy: Tensor4D,
  shape: Shape4,
  kernel: Tensor4D,
  stride: number,
  padding: string,
): Tensor4D {
  if (kernel.shape[0] === 1) return rows(dy).times(flat(kernel), false, true).back(shape);
  if (stride === 1 && dy.shape[3] >= MANY_CHANNELS) {
    // the same as a forward convolution with the kernel turned round, which is faster
    const turned = transpose(reverse(kernel, [0, 1]), [0, 1, 3, 2]) as Tensor4D;
    return linearForward(dy, turned, 1, padding);
  }
  return native(
    "Conv2DBackpropInput",
    [tensor1d(shape, "int32"), kernel, dy],
    convolutionAttributes(stride, padding),
  ) as Tensor4D;
}

export function kernelGradientOf(
  dy: Tensor4D,
  x: Tensor4D,
  shape: Shape4,
  stride: number,
  padding: string,
): Tensor4D {
  if (shape[0] === 1) {
    const product = matMul(rows(x).matrix, rows(dy).matrix, true);
    return reshape(product, shape);
  }
  return native(
    "Conv2DBackpropFilter",
    [x, tensor1d(shape, "int32"), dy],
    convolutionAttributes(stride, padding),
  ) as Tensor4D;
}

function rows(x: Tensor4D) {
  const matrix = reshape(x, [-1, x.shape[3]]);
  return {
    matrix,
    times(other: Tensor, transposeA = false, transposeB = false) {
      const product = matMul(matrix, other, transposeA, transposeB);
      return {
        back: (shape: Shape4): Tensor4D => reshape(product, [shape[0], shape[1], shape[2], -1]),
      };
    },
  };
}

function flat(kernel: Tensor4D): Tensor {
  return reshape(kernel, [kernel.shape[2], kernel.shape[3]]);
}

/** The product of two matrices, each transposed or not. */
export function matMul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  return native("MatMul", [a, b], {
    ...FLOAT,
    transpose_a: ["BOOL", transposeA],
    transpose_b: ["BOOL", transposeB],
  });
}

function convolutionAttributes(stride: number, padding: string): Attributes {
  return {
    ...FLOAT,
    strides: ["INT", [1, stride, stride, 1]],
    padding: ["STRING", padding],
    data_format: ["STRING", "NHWC"],
    use_cudnn_on_gpu: ["BOOL", false],
    dilations: ["INT", [1, 1, 1, 1]],
  };
}

export function leaky(x: Tensor4D, slope: number): Tensor4D {
  return native("LeakyRelu", [x], { ...FLOAT, alpha: ["FLOAT", slope] }) as Tensor4D;
}

/** @param y input or output of the leaky ReLU: only its sign counts */
export function leakyGradient(dy: Tensor4D, y: Tensor4D, slope: number): Tensor4D {
  return native("LeakyReluGrad", [dy, y], { ...FLOAT, alpha: ["FLOAT", slope] }) as Tensor4D;
}

/** Gradients that TensorFlow.js lacks, or has in many small operations. */
export function registerNativeGradients(): void {
  registerGradient({
    kernelName: LeakyRelu,
    inputsToSave: ["x"],
    gradFunc: (dy, saved, attributes) => ({
      x: () => leakyGradient(dy as Tensor4D, saved[0] as Tensor4D, attributes["alpha"] as number),
    }),
  });
  registerGradient({
    kernelName: DepthToSpace,
    gradFunc: (dy, _saved, attributes) => ({
      x: () =>
        native("SpaceToDepth", [dy as Tensor], {
          ...FLOAT,
          block_size: ["INT", attributes["blockSize"]],
          data_format: ["STRING", "NHWC"],
        }),
    }),
  });
}
