import type { Architecture } from "../architecture.ts";
import type { QuantisedConvolution } from "../integer/fixed-point.ts";
import type { PriorWeights } from "../prior.ts";
import type { SymbolTables } from "../symbols.ts";
import { asConvolution } from "./as-convolution.ts";
import { Descent, type Goal } from "./descent.ts";
import { DifferentiableConvolution, DifferentiableLayers } from "./differentiable.ts";
import { RelaxedPrior } from "./relaxed-prior.ts";

/** A model's `g_s` and prior with gradients, on the current TensorFlow.js backend. */
export class Relaxation {
  readonly prior: RelaxedPrior;
  readonly #architecture: Architecture;
  readonly #layers: DifferentiableLayers;

  /** @param synthesis convolutions of `g_s` */
  constructor(
    architecture: Architecture,
    synthesis: readonly QuantisedConvolution[],
    weights: PriorWeights,
    tables: SymbolTables,
  ) {
    this.#architecture = architecture;
    this.#layers = new DifferentiableLayers(
      new Map(
        synthesis.map(({ name, kernel, integers, scale, bias }) => [
          name,
          new DifferentiableConvolution(asConvolution(kernel, integers, scale, bias)),
        ]),
      ),
    );
    this.prior = new RelaxedPrior(architecture, weights, tables);
  }

  descent(
    goal: Omit<Goal, "architecture" | "layers" | "prior">,
    start: Float32Array,
    random: () => number,
  ): Descent {
    const networks = { architecture: this.#architecture, layers: this.#layers, prior: this.prior };
    return new Descent({ ...goal, ...networks }, start, random);
  }

  dispose(): void {
    this.#layers.dispose();
    this.prior.dispose();
  }
}
