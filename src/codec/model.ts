import type { Budget } from "./budget.ts";
import type { SymbolTables } from "./entropy/symbol-tables.ts";
import type { Architecture, Engine, Look } from "./network/architecture.ts";
import type { Relaxation } from "./rdo/relaxation.ts";

/** What decoding needs of a trained model. */
export interface Decoder {
  /** Number in the file, 1–255. */
  readonly number: number;
  readonly name: string;
  readonly architecture: Architecture;
  /** How many orientations its files use, 1, 2, 4 or 8; see `image.ts`. */
  readonly orientations: number;
  /** `g_s`. */
  readonly synthesis: Engine;
  readonly prior: Engine;
  readonly tables: SymbolTables;
  /** The inverse of the gain of each quality and channel, [100, latentChannels]. */
  readonly inverseGain: Float32Array;
  /** Quality feature of the prior for each quality, in 32nds. */
  readonly levels: Int8Array;
  /** What `g_s` is for. */
  readonly look: Look;
  /**
   * The same model with the `g_s` of another look, which is read when it is first asked for. This one where the model
   * has no such look, so that every picture can be shown. Rejects with `bad-model`.
   */
  withLook(look: Look): Promise<this>;
  /** Releases the memory. It is allocated again when needed. */
  dispose(): void;
}

/** A trained model, ready to run; `src/model` loads one. */
export interface Model extends Decoder {
  /** Gain of each quality and channel, [100, latentChannels]. */
  readonly gain: Float32Array;
  /** The limit on what searches cost. Without it they run to their end. */
  readonly budget?: Budget | undefined;
  /** `g_a`. */
  readonly analysis: Engine;
  /** The networks with gradients, which the search of the encoder needs. */
  relaxation(): Relaxation;
}
