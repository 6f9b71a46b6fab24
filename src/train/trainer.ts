import { dispose, type Tensor, type Tensor1D, tidy, valueAndGrads, zerosLike } from "@tensorflow/tfjs-core";
import { type Architecture, latentSize } from "../codec/network/architecture.ts";
import type { Batch } from "./data/batch.ts";
import { analyse, byName, code, lossOf, type Outcome, rateLossOf, run } from "./network/graph.ts";
import { registerNativeGradients } from "./network/kernels.ts";
import { Leaves } from "./network/leaves.ts";
import { layoutOf, type Slot } from "./network/parameters.ts";
import { Optimiser } from "./optimiser/soap.ts";
import type { OptimiserState } from "./optimiser/state.ts";
import type { Bits } from "./plan.ts";

/** Steps from one renewal of the prior's scales to the next. */
const RENEWAL = 25;

export interface TrainerOptions {
  /** Moves the prior alone, which is several times cheaper and leaves the pictures as they are. */
  readonly only?: "prior";
  /**
   * Which bits are minimised: those of latents with uniform noise, smooth but above what a file pays (by half, for
   * faces of 100 bytes), or those of the rounded latents.
   */
  readonly bits?: Bits;
}

/** What one step saw; means over the batch. */
export interface StepReport {
  readonly loss: number;
  readonly norm: number;
}

interface Gradients {
  readonly value: Tensor;
  readonly grads: Tensor[];
}

/** A model in training: parameters, optimiser, graph. Needs the native backend. */
export class Trainer {
  readonly architecture: Architecture;
  readonly #slots: readonly Slot[];
  readonly #leaves: Leaves;
  readonly #optimiser: Optimiser;
  readonly #options: TrainerOptions;
  #sinceRenewal = RENEWAL;

  constructor(architecture: Architecture, state: OptimiserState, options: TrainerOptions = {}) {
    registerNativeGradients();
    this.architecture = architecture;
    this.#slots = layoutOf(architecture).slots;
    this.#leaves = new Leaves(architecture);
    this.#optimiser = new Optimiser(this.#slots, state);
    this.#options = options;
  }

  get steps(): number {
    return this.#optimiser.step;
  }

  /** Latents of a batch: how many random numbers `step` takes. */
  latents({ width, height, levels }: Batch): number {
    const { rows, columns } = latentSize(width, height);
    return levels.length * rows * columns * this.architecture.latentChannels;
  }

  /**
   * One step of gradient descent.
   * @param noise uniform in ±½, one a latent
   * @param rate learning rate
   */
  step(batch: Batch, noise: Float32Array, rate: number): StepReport {
    const { loss, gradient } = this.#lossAndGradient(batch, noise);
    const norm = this.#optimiser.apply(gradient, rate);
    this.#sinceRenewal++;
    return { loss, norm };
  }

  /** Loss of a batch and its gradient, one number a parameter, for tests. */
  gradient(batch: Batch, noise: Float32Array): { loss: number; gradient: Float32Array } {
    const { loss, gradient } = this.#lossAndGradient(batch, noise);
    const values = gradient.dataSync<"float32">().slice();
    gradient.dispose();
    return { loss, gradient: values };
  }

  #lossAndGradient(batch: Batch, noise: Float32Array): { loss: number; gradient: Tensor1D } {
    const leaves = this.#current();
    const { value, grads } =
      this.#options.only === "prior"
        ? this.#gradientsOfPrior(leaves, batch)
        : this.#gradients(leaves, batch, noise);
    const loss = value.dataSync<"float32">()[0]!;
    const gradient = this.#leaves.gradient(grads);
    dispose([value, ...grads, ...leaves]);
    return { loss, gradient };
  }

  #gradients(leaves: Tensor[], batch: Batch, uniform: Float32Array): Gradients {
    const noise = this.#options.bits === "rounded" ? undefined : uniform;
    const loss = (...tensors: Tensor[]): Tensor =>
      lossOf(run(this.architecture, byName(this.#slots, tensors), batch, noise), batch);
    return valueAndGrads(loss)(leaves);
  }

  /**
   * The gradients if only the prior is trained: those of the transforms are 0. The latents do not change, so the bits
   * of the rounded ones are counted, without noise in place of rounding.
   */
  #gradientsOfPrior(leaves: Tensor[], batch: Batch): Gradients {
    const transforms = layoutOf(this.architecture).parts[0].slots.length;
    const fixed = leaves.slice(0, transforms);
    const y = tidy(() => analyse(this.architecture, byName(this.#slots, leaves), batch));
    const loss = (...prior: Tensor[]): Tensor => {
      const parameters = byName(this.#slots, [...fixed, ...prior]);
      return rateLossOf(code(this.architecture, parameters, y, batch.levels), batch);
    };
    const { value, grads } = valueAndGrads(loss)(leaves.slice(transforms));
    y.dispose();
    return { value, grads: [...fixed.map((tensor) => zerosLike(tensor)), ...grads] };
  }

  /** Runs the averaged weights on batches, with quantised latents. `use` may keep no tensor of an outcome. */
  evaluate(batches: Iterable<Batch>, use: (outcome: Outcome, batch: Batch) => void): void {
    const average = this.#optimiser.readAverage();
    this.#leaves.renewScales(average.dataSync<"float32">());
    const leaves = this.#leaves.make(average);
    average.dispose();
    for (const batch of batches) {
      tidy(() => {
        use(run(this.architecture, byName(this.#slots, leaves), batch), batch);
      });
    }
    dispose(leaves);
    this.renew();
  }

  /**
   * Makes the next step renew the prior's scales. Resumed runs begin so, hence a run does so after a checkpoint too.
   */
  renew(): void {
    this.#sinceRenewal = RENEWAL;
  }

  state(): OptimiserState {
    return this.#optimiser.state();
  }

  dispose(): void {
    this.#leaves.dispose();
    this.#optimiser.dispose();
  }

  #current(): Tensor[] {
    const parameters: Tensor1D = this.#optimiser.read();
    if (this.#sinceRenewal >= RENEWAL) {
      this.#leaves.renewScales(parameters.dataSync<"float32">());
      this.#sinceRenewal = 0;
    }
    const leaves = this.#leaves.make(parameters);
    parameters.dispose();
    return leaves;
  }
}
