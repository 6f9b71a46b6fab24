import type { LatentShape } from "../entropy/context-model.ts";
import type { SymbolTables } from "../entropy/symbol-tables.ts";
import type { IntegerConvolution } from "../integer/convolution.ts";
import type { Architecture } from "../network/architecture.ts";
import { PRIOR_SLOPE } from "../network/prior.ts";
import { TRANSFORM_SLOPE } from "../network/transforms.ts";
import { Tape } from "./autodiff.ts";
import { RelaxedPrior } from "./relaxed-prior.ts";
import { RelaxedSynthesis } from "./relaxed-synthesis.ts";

/** Prior and `g_s` with gradients, for latents of one shape. */
export interface Relaxed {
  readonly shape: LatentShape;
  readonly prior: RelaxedPrior;
  readonly synthesis: RelaxedSynthesis;
}

/** A model's networks with gradients: those of the last shape are kept. */
export class Relaxation {
  readonly #architecture: Architecture;
  readonly #synthesis: ReadonlyMap<string, IntegerConvolution>;
  readonly #prior: ReadonlyMap<string, IntegerConvolution>;
  readonly #tables: SymbolTables;
  #last: Relaxed | undefined;

  constructor(
    architecture: Architecture,
    synthesis: ReadonlyMap<string, IntegerConvolution>,
    prior: ReadonlyMap<string, IntegerConvolution>,
    tables: SymbolTables,
  ) {
    this.#architecture = architecture;
    this.#synthesis = synthesis;
    this.#prior = prior;
    this.#tables = tables;
  }

  of(shape: LatentShape): Relaxed {
    if (this.#last?.shape.rows === shape.rows && this.#last.shape.columns === shape.columns)
      return this.#last;
    this.#last = undefined; // its memory is free before more is taken
    const prior = new Tape(this.#prior, PRIOR_SLOPE, shape);
    const synthesis = new Tape(this.#synthesis, TRANSFORM_SLOPE, shape);
    this.#last = {
      shape,
      prior: new RelaxedPrior(this.#architecture, this.#tables, prior),
      synthesis: new RelaxedSynthesis(this.#architecture, synthesis),
    };
    return this.#last;
  }
}
