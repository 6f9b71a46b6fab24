import { mul, scalar, sub, type Tensor, type Tensor1D, tidy } from "@tensorflow/tfjs-core";
import { FLOAT, native, nativeAll } from "../network/kernels.ts";
import type { Slot } from "../network/parameters.ts";
import { Eigenbases } from "./eigenbases.ts";
import type { OptimiserState } from "./state.ts";
import { addTo, assign, disposeVariable, numbersOf, readVariable, variable } from "./variables.ts";

const MOMENTS = [0.9, 0.98] as const;
const EPSILON = 1e-8;
/** Gradients are scaled down to this norm. */
const LARGEST_NORM = 1;
/** Decay of the average of the weights over steps. */
const AVERAGE_DECAY = 0.999;
/** Steps from one look at the gradient to the next, for the bases; and from one renewal of the bases to the next. */
const OBSERVED = 2;
const RENEWED = 16;

/**
 * SOAP (Vyas et al. 2024) over one vector of parameters: Adam (Kingma and Ba 2015) in coordinates in which the
 * gradients of a kernel are nearly uncorrelated, with the gradient's norm clipped and an exponential average of the
 * weights. It updates TensorFlow's resource variables in place.
 */
export class Optimiser {
  readonly #parameters: Tensor;
  readonly #average: Tensor;
  readonly #first: Tensor;
  readonly #second: Tensor;
  /** What a step adds to the parameters, in the bases' coordinates. */
  readonly #move: Tensor;
  readonly #bases: Eigenbases;
  #step: number;

  constructor(slots: readonly Slot[], state: OptimiserState) {
    this.#step = state.step;
    this.#parameters = variable(state.parameters);
    this.#average = variable(state.average);
    this.#first = variable(state.first);
    this.#second = variable(state.second);
    this.#move = variable(new Float32Array(state.parameters.length));
    this.#bases = new Eigenbases(slots, state);
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
      const clipped: Tensor1D = norm > LARGEST_NORM ? mul(gradient, LARGEST_NORM / norm) : gradient;
      this.#prepareBases(clipped);
      addTo(this.#parameters, this.#bases.back(this.#adam(this.#bases.rotate(clipped), rate)));
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

  #prepareBases(gradient: Tensor1D): void {
    if (!this.#bases.started || this.#step % OBSERVED === 0) this.#bases.observe(gradient);
    if (this.#step % RENEWED !== 0) return;
    const { first, second } = this.#bases.renew(readVariable(this.#first), readVariable(this.#second));
    assign(this.#first, first);
    assign(this.#second, second);
  }

  /** What Adam adds to the parameters. */
  #adam(gradient: Tensor1D, rate: number): Tensor1D {
    assign(this.#move, mul(gradient, 0));
    const [beta1, beta2] = MOMENTS;
    const numbers = [beta1 ** this.#step, beta2 ** this.#step, rate, beta1, beta2, EPSILON];
    nativeAll(
      "ResourceApplyAdam",
      [this.#move, this.#first, this.#second, ...numbers.map((value) => scalar(value)), gradient],
      0,
      { ...FLOAT, use_locking: ["BOOL", false], use_nesterov: ["BOOL", false] },
    );
    return readVariable(this.#move);
  }

  state(): OptimiserState {
    const [parameters, average, first, second] = [
      this.#parameters,
      this.#average,
      this.#first,
      this.#second,
    ].map((handle) => numbersOf(() => readVariable(handle))) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    return { step: this.#step, parameters, average, first, second, ...this.#bases.state() };
  }

  dispose(): void {
    for (const handle of [this.#parameters, this.#average, this.#first, this.#second, this.#move]) {
      disposeVariable(handle);
    }
    this.#bases.dispose();
  }
}
