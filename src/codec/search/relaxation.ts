import type { Architecture } from "../architecture.ts";
import type { InferenceLayers } from "../inference.ts";
import type { PriorWeights } from "../prior.ts";
import type { SymbolTables } from "../symbols.ts";
import { DifferentiableLayers } from "./differentiable.ts";
import { RelaxedPrior } from "./relaxed-prior.ts";

/** A model's `g_s` and prior with gradients. */
export class Relaxation {
  readonly layers: DifferentiableLayers;
  readonly prior: RelaxedPrior;

  constructor(
    architecture: Architecture,
    layers: InferenceLayers,
    weights: PriorWeights,
    tables: SymbolTables,
  ) {
    this.layers = new DifferentiableLayers(layers);
    this.prior = new RelaxedPrior(architecture, weights, tables);
  }

  dispose(): void {
    this.layers.dispose();
    this.prior.dispose();
  }
}
