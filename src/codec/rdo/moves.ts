import { stepOfLatent } from "../entropy/context-model.ts";
import type { Model } from "../model.ts";
import { latentSize } from "../network/architecture.ts";
import { type Goal, relaxedFor } from "./objective.ts";
import { LocalDistortion } from "./relaxation.ts";
import { inSteps, type Trial, tryLatents } from "./trials.ts";

/** The change of one symbol by one. */
interface Move {
  /** Its place in `yHat`. */
  readonly at: number;
  readonly by: 1 | -1;
}

/** Latents after a move, and the loss that is expected of them. */
interface Prospect {
  readonly move: Move;
  readonly trial: Trial;
  readonly loss: number;
}

interface Listeners {
  /** Called with all latents that were decoded. */
  readonly onDecoded: (trial: Trial) => void;
  /** Called after each move that was coded. */
  readonly onCoded: () => void;
}

/** Moves that are coded between two gradients. */
const ROUND = 96;

/**
 * Rate–distortion-optimised quantisation: changes single symbols by one where that lowers the loss. A move changes what
 * the prior says of all later latents, and so what these are rounded to. That is why each move is sieved three times:
 *
 * 1. its own bits, and the error by gradient and curvature, choose the moves of a round,
 * 2. the prior codes the latents after each of them, from the step of the move on: the bits are exact, and the error
 *    that all moved latents make is estimated as before,
 * 3. those that promise a gain are decoded, the best first, and kept if they are really better.
 */
export class SymbolMoves {
  readonly #model: Model;
  readonly #goal: Goal;
  readonly #curvature: Float32Array;
  readonly #listeners: Listeners;
  /** Moves that were coded. None is coded in another round. */
  readonly #tried = new Set<number>();

  /**
   * @param goal of the image, at the quality of the latents
   * @param curvature of the channels; see `LocalDistortion`
   */
  constructor(model: Model, goal: Goal, curvature: Float32Array, listeners: Listeners) {
    this.#model = model;
    this.#goal = goal;
    this.#curvature = curvature;
    this.#listeners = listeners;
  }

  /**
   * The best latents that moves find.
   * @param count how many moves are coded, at most
   */
  from(trial: Trial, count: number): Trial {
    const { synthesis } = relaxedFor(this.#model, trial.analysis.image);
    let best = trial;
    for (let left = count; left > 0; left -= ROUND) {
      if (this.#model.budget?.isSpent()) break;
      const near = new LocalDistortion(synthesis, this.#goal, inSteps(best), this.#curvature);
      const moves = this.#promising(best, near).slice(0, Math.min(ROUND, left));
      if (moves.length === 0) break;
      best = this.#round(best, near, moves);
    }
    return best;
  }

  #round(start: Trial, near: LocalDistortion, moves: readonly Move[]): Trial {
    let best = start;
    const after = (move: Move): Prospect => {
      const trial = this.#moved(best, move);
      const sse = best.sse + near.change(inSteps(trial)) - near.change(inSteps(best));
      return { move, trial, loss: this.#goal.loss.of({ bits: trial.bits, sse }) };
    };
    const isBetter = ({ loss }: { loss: number }): boolean => loss < this.#goal.loss.of(best);
    const prospects: Prospect[] = [];
    for (const move of moves) {
      if (this.#model.budget?.isSpent()) break;
      this.#tried.add(idOf(move));
      const prospect = after(move);
      this.#listeners.onCoded();
      if (isBetter(prospect)) prospects.push(prospect);
    }
    for (const first of prospects.sort((a, b) => a.loss - b.loss)) {
      if (this.#model.budget?.isSpent()) break;
      const prospect = best === start ? first : after(first.move);
      if (!isBetter(prospect)) continue;
      this.#listeners.onDecoded(prospect.trial);
      if (this.#goal.loss.of(prospect.trial) < this.#goal.loss.of(best)) best = prospect.trial;
    }
    return best;
  }

  /** Moves that were not tried yet, those first that promise most by themselves. */
  #promising(trial: Trial, near: LocalDistortion): Move[] {
    const { tables } = this.#model;
    const lambda = this.#goal.loss.lambdaAt(trial);
    const moves: (Move & { readonly change: number })[] = [];
    trial.places.forEach((at, i) => {
      const [scale, symbol] = [trial.scales[i]!, trial.symbols[i]!];
      const cost = tables.cost(scale, symbol);
      for (const by of [1, -1] as const) {
        if (this.#tried.has(idOf({ at, by }))) continue;
        const change = tables.cost(scale, symbol + by) - cost + lambda * near.changeOf(at, by);
        moves.push({ at, by, change });
      }
    });
    return moves.sort((a, b) => a.change - b.change);
  }

  /** The latents after a move. Those of later steps are rounded anew, as near to where they were as possible. */
  #moved(trial: Trial, { at, by }: Move): Trial {
    const { analysis, quality, priorOutputs } = trial;
    const { width, height } = analysis.image;
    const y = inSteps(trial);
    y[at]! += by;
    const step = stepOfLatent(this.#model.architecture, latentSize(width, height), at);
    return tryLatents(this.#model, analysis, y, quality, priorOutputs.slice(0, step + 1));
  }
}

function idOf({ at, by }: Move): number {
  return 2 * at + (by > 0 ? 1 : 0);
}
