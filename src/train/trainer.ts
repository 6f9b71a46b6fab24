import { dispose, type Tensor, type Tensor1D, tidy, valueAndGrads } from "@tensorflow/tfjs-core";
import { type Architecture, latentSize } from "../codec/architecture.ts";
import { type Batch, byName, lossOf, type Outcome, run } from "./graph.ts";
import { registerNativeGradients } from "./kernels.ts";
import { Leaves } from "./leaves.ts";
import { Optimiser, type OptimiserState } from "./optimiser.ts";
import { layoutOf, type Slot } from "./parameters.ts";

/** Steps from one renewal of the prior's shifts to the next. */
const RENEWAL = 25;

/** What one step saw; means over the batch. */
export interface StepReport {
  readonly loss: number;
  readonly norm: number;
}

/** A model in training: parameters, optimiser, graph. Needs the native backend. */
export class Trainer {
  readonly architecture: Architecture;
  readonly #slots: readonly Slot[];
  readonly #leaves: Leaves;
  readonly #optimiser: Optimiser;
  #sinceRenewal = RENEWAL;

  constructor(architecture: Architecture, state: OptimiserState) {
    registerNativeGradients();
    this.architecture = architecture;
    this.#slots = layoutOf(architecture).slots;
    this.#leaves = new Leaves(architecture);
    this.#optimiser = new Optimiser(state);
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
    const leaves = this.#current();
    const loss = (...tensors: Tensor[]): Tensor => {
      const outcome = run(this.architecture, byName(this.#slots, tensors), batch, noise);
      return lossOf(outcome, batch);
    };
    const { value, grads } = valueAndGrads(loss as (...tensors: Tensor[]) => Tensor)(leaves);
    const report = value.dataSync<"float32">()[0]!;
    const gradient = this.#leaves.gradient(grads);
    dispose([value, ...grads, ...leaves]);
    const norm = this.#optimiser.apply(gradient, rate);
    this.#sinceRenewal++;
    return { loss: report, norm };
  }

  /** What the averaged weights make of batches, with quantised latents; `use` may keep no tensor of an outcome. */
  evaluate(batches: Iterable<Batch>, use: (outcome: Outcome, batch: Batch) => void): void {
    const average = this.#optimiser.readAverage();
    this.#leaves.renewShifts(average.dataSync<"float32">());
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

  /** Has the next step renew the prior's shifts; a resumed run does, so a checkpoint does too. */
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
      this.#leaves.renewShifts(parameters.dataSync<"float32">());
      this.#sinceRenewal = 0;
    }
    const leaves = this.#leaves.make(parameters);
    parameters.dispose();
    return leaves;
  }
}
