import type { Image } from "../image.ts";
import type { Model } from "../model.ts";
import { LATENT_UNIT } from "../network/prior.ts";
import { type Goal, relaxedFor, type Trial, tryLatents } from "./objective.ts";

/** The change of one symbol by one. */
interface Move {
  /** Its place in `yHat`. */
  readonly at: number;
  readonly by: 1 | -1;
  /**
   * Expected change of the loss: the bits of the symbol itself are exact; the error and the bits of later latents
   * follow their gradient.
   */
  readonly change: number;
}

/**
 * Rate–distortion-optimised quantisation: changes single symbols by one where that lowers the loss. The moves with the
 * largest expected gain are tried first. Each trial codes and decodes the whole picture, so a move that is kept is
 * really better.
 */
export class SymbolMoves {
  readonly #model: Model;
  readonly #image: Image;
  readonly #goal: Goal;
  readonly #seen: (trial: Trial) => void;
  /** Moves that were tried. None is tried again. */
  readonly #tried = new Set<number>();
  #best: Trial;
  #moves: Iterator<Move> | undefined;

  /**
   * @param image turned as it is coded
   * @param goal of the image, at the quality of the latents
   * @param latents to begin with
   * @param seen is told all latents that were tried
   */
  constructor(model: Model, image: Image, goal: Goal, latents: Trial, seen: (trial: Trial) => void) {
    this.#model = model;
    this.#image = image;
    this.#goal = goal;
    this.#best = latents;
    this.#seen = seen;
  }

  /** Tries so many more moves, or all that are left; returns the best latents so far. */
  go(tries: number): Trial {
    for (let done = 0; done < tries && !this.#model.budget?.isSpent(); done++) {
      this.#moves ??= promising(this.#model, this.#image, this.#goal, this.#best)
        .filter((move) => !this.#tried.has(idOf(move)))
        .values();
      const move = this.#moves.next().value;
      if (!move) break;
      this.#tried.add(idOf(move));
      const y = inSteps(this.#best);
      y[move.at]! += move.by;
      const found = tryLatents(this.#model, this.#image, y, this.#best.quality);
      this.#seen(found);
      if (this.#goal.loss.of(found) >= this.#goal.loss.of(this.#best)) continue;
      this.#best = found;
      this.#moves = undefined;
    }
    return this.#best;
  }
}

/** `y_hat` in quantisation steps. */
function inSteps({ yHat }: Trial): Float32Array {
  return Float32Array.from(yHat, (value) => value / LATENT_UNIT);
}

function idOf({ at, by }: Move): number {
  return 2 * at + (by > 0 ? 1 : 0);
}

/** The moves with an expected gain, the largest gain first. */
function promising(model: Model, image: Image, goal: Goal, latents: Trial): Move[] {
  const { prior, synthesis } = relaxedFor(model, image);
  const yHat = inSteps(latents);
  // slope 1: when its mean moves, a latent is rounded anew and stays where it is; with slope 0, half of the expected
  // gains are wrong
  const code = prior.code(yHat, goal.level, (residual) => ({ symbol: Math.round(residual), slope: 1 }));
  const lambda = goal.loss.lambdaAt(latents);
  const slope = synthesis.distortion(goal, yHat).gradient.map((value) => value * lambda);
  code.back(slope);
  const moves: Move[] = [];
  latents.places.forEach((at, i) => {
    const [scale, symbol] = [latents.scales[i]!, latents.symbols[i]!];
    const cost = model.tables.cost(scale, symbol);
    for (const by of [1, -1] as const) {
      const change = model.tables.cost(scale, symbol + by) - cost + by * slope[at]!;
      if (change < 0) moves.push({ at, by, change });
    }
  });
  return moves.sort((a, b) => a.change - b.change);
}
