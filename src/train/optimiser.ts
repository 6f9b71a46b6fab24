import {
  add,
  dispose,
  keep,
  mul,
  scalar,
  sub,
  type Tensor,
  type Tensor1D,
  tensor1d,
  tidy,
} from "@tensorflow/tfjs-core";
import { type Attributes, FLOAT, native, nativeAll } from "./kernels.ts";

const MOMENTS = [0.9, 0.98] as const;
const EPSILON = 1e-8;
/** Gradients are scaled down to this norm. */
const LARGEST_NORM = 1;
/** Decay of the average of the weights over steps. */
const AVERAGE_DECAY = 0.999;

/** The optimiser's state, for a checkpoint; vectors of one length. */
export interface OptimiserState {
  readonly step: number;
  readonly parameters: Float32Array;
  readonly average: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/**
 * Adam (Kingma and Ba 2015) over one vector of parameters, with the gradient's norm clipped and an exponential average
 * of the weights. It updates TensorFlow's resource variables in place: one fused kernel instead of hundreds of small
 * operations.
 */
export class Optimiser {
  readonly #parameters: Tensor;
  readonly #average: Tensor;
  readonly #first: Tensor;
  readonly #second: Tensor;
  #step: number;

  constructor(state: OptimiserState) {
    this.#step = state.step;
    this.#parameters = variable(state.parameters);
    this.#average = variable(state.average);
    this.#first = variable(state.first);
    this.#second = variable(state.second);
  }

  get step(): number {
    return this.#step;
  }

  /** The current parameters; dispose the tensor before the next `apply`, or that copies them. */
  read(): Tensor1D {
    return readVariable(this.#parameters);
  }

  /** The averaged parameters. */
  readAverage(): Tensor1D {
    return readVariable(this.#average);
  }

  /** One step against the gradient; returns the gradient's norm. Disposes the gradient. */
  apply(gradient: Tensor1D, rate: number): number {
    this.#step++;
    const norm = tidy(() => Math.sqrt(2 * native("L2Loss", [gradient]).dataSync<"float32">()[0]!));
    if (!Number.isFinite(norm)) {
      gradient.dispose();
      return norm; // a step from nowhere to nowhere is skipped
    }
    tidy(() => {
      const clipped = norm > LARGEST_NORM ? mul(gradient, LARGEST_NORM / norm) : gradient;
      const [beta1, beta2] = MOMENTS;
      const numbers = [beta1 ** this.#step, beta2 ** this.#step, rate, beta1, beta2, EPSILON];
      nativeAll(
        "ResourceApplyAdam",
        [
          this.#parameters,
          this.#first,
          this.#second,
          ...numbers.map((value) => scalar(value)),
          clipped as Tensor,
        ],
        0,
        { ...FLOAT, use_locking: ["BOOL", false], use_nesterov: ["BOOL", false] },
      );
      // early on, an average over the last steps only: the start has nothing worth keeping
      const decay = Math.min(AVERAGE_DECAY, (1 + this.#step) / (10 + this.#step));
      nativeAll(
        "ResourceApplyGradientDescent",
        [this.#average, scalar(1 - decay), sub(readVariable(this.#average), readVariable(this.#parameters))],
        0,
        { ...FLOAT, use_locking: ["BOOL", false] },
      );
    });
    gradient.dispose();
    return norm;
  }

  state(): OptimiserState {
    const [parameters, average, first, second] = [
      this.#parameters,
      this.#average,
      this.#first,
      this.#second,
    ].map((handle) => tidy(() => readVariable(handle).dataSync<"float32">().slice())) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    return { step: this.#step, parameters, average, first, second };
  }

  dispose(): void {
    const handles = [this.#parameters, this.#average, this.#first, this.#second];
    for (const handle of handles) {
      nativeAll("DestroyResourceOp", [handle], 0, { ignore_lookup_error: ["BOOL", true] });
    }
    dispose(handles);
  }
}

export function initialState(parameters: Float32Array): OptimiserState {
  const zeros = () => new Float32Array(parameters.length);
  return { step: 0, parameters, average: parameters.slice(), first: zeros(), second: zeros() };
}

let variables = 0;

/** A handle of a variable in TensorFlow's memory. */
function variable(values: Float32Array): Tensor {
  const type: Attributes = { dtype: ["TYPE", "TF_FLOAT"] };
  return keep(
    tidy(() => {
      const handle = native("VarHandleOp", [], {
        container: ["STRING", ""],
        shared_name: ["STRING", `zippynet-${variables++}`],
        ...type,
        shape: ["SHAPE", [values.length]],
      });
      // the sum is TensorFlow's own memory; a tensor of `values` would be the caller's, and be written to
      nativeAll("AssignVariableOp", [handle, add(tensor1d(values), 0)], 0, type);
      return handle;
    }),
  );
}

function readVariable(handle: Tensor): Tensor1D {
  return native("ReadVariableOp", [handle], { dtype: ["TYPE", "TF_FLOAT"] }) as Tensor1D;
}
