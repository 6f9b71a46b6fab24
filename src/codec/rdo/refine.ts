import type { Image } from "../image.ts";
import { withGain } from "../integer/autoencoder.ts";
import type { Model } from "../model.ts";
import type { WeighedStart } from "./candidates.ts";
import { SymbolMoves } from "./moves.ts";
import { type Goal, goalOf, relaxedFor } from "./objective.ts";
import { Descent, seededRandom } from "./sga.ts";
import { lossOf, type Trial, tryLatents } from "./trial.ts";

/** Steps of the descent that each effort adds to those below; the first two choose where it would start. */
const STEPS = [0, 0, 0, 24, 16, 24, 36, 60, 100, 160] as const;
/** Moves of single symbols that each effort then tries; they pay sooner than the descent, which goes further. */
const MOVES = [0, 0, 32, 16, 16, 24, 32, 48, 64, 256] as const;
/** Steps from one look at what a file would be to the next. */
const LOOK_EVERY = 4;
export const MAX_EFFORT = STEPS.length - 1;
/** Larger images are coded in one pass: a look's time grows with their area, and what it gains falls. Effort 0, which is to be quick, and the others. */
const LARGEST_LOOKED_AT = 128 * 128;
const LARGEST_SEARCHED = 256 * 256;
const SEED = 1;

export function isTooLargeToSearch({ width, height }: Image, effort: number): boolean {
  return width * height > (effort === 0 ? LARGEST_LOOKED_AT : LARGEST_SEARCHED);
}

/** What an effort found. */
interface Found {
  /** By descents alone: where the next begins. */
  readonly descended: Trial;
  /** Goes on from there. */
  readonly moves: SymbolMoves;
  readonly best: Trial;
}

/**
 * Moves `y` of a picture to where its file is better: fewer of bits + λ · SSE, the loss of training. One descent, of
 * which each effort goes a cycle further than the one below, and from its best latents single symbols. Every few steps the latents are
 * coded as they would be, and the best so far is kept. So no effort's loss is above that of a lower one.
 */
export class Refinement {
  readonly #model: Model;
  readonly #start: WeighedStart;
  readonly #goal: Goal;
  /** What each effort so far found. */
  readonly #found: Found[] = [];
  #descent: Descent | undefined;

  constructor(model: Model, start: WeighedStart) {
    this.#model = model;
    this.#start = start;
    this.#goal = goalOf(model, start.image, start.trial.quality, start.lambda);
  }

  /** What an effort finds; goes on from where the highest so far ended. */
  upTo(effort: number): Trial {
    const { trial } = this.#start;
    for (let level = this.#found.length; level <= effort; level++) {
      const before = this.#found.at(-1) ?? { descended: trial, moves: this.#movesFrom(trial), best: trial };
      const descended = this.#cycle(before.descended, STEPS[level]!);
      const moves = descended === before.descended ? before.moves : this.#movesFrom(descended);
      const best = this.#better(before.best, moves.go(MOVES[level]!));
      this.#found.push({ descended, moves, best });
    }
    return this.#found[effort]!.best;
  }

  #movesFrom(latents: Trial): SymbolMoves {
    return new SymbolMoves(this.#model, this.#start.image, this.#goal, latents);
  }

  #cycle(before: Trial, length: number): Trial {
    const { image, trial } = this.#start;
    let best = before;
    for (let done = 0; done < length; done += LOOK_EVERY) {
      this.#descent ??= this.#descentFromStart();
      for (let step = done; step < done + LOOK_EVERY; step++) this.#descent.step(step / length);
      best = this.#better(best, tryLatents(this.#model, image, this.#descent.y, trial.quality));
    }
    return best;
  }

  #descentFromStart(): Descent {
    const [model, start] = [this.#model, this.#start];
    const y = withGain(model, start.y, start.trial.quality);
    return new Descent(relaxedFor(model, start.image), this.#goal, y, seededRandom(SEED));
  }

  #better(a: Trial, b: Trial): Trial {
    return lossOf(b, this.#goal.lambda) < lossOf(a, this.#goal.lambda) ? b : a;
  }
}
