import type { Image } from "../image.ts";
import type { Model } from "../model.ts";
import { withGain } from "../network/autoencoder.ts";
import type { Start } from "./candidates.ts";
import { SymbolMoves } from "./moves.ts";
import { type Goal, goalOf, type Loss, relaxedFor, type Trial, tryLatents } from "./objective.ts";
import { Descent, seededRandom } from "./sga.ts";

/** A number for each effort, 0 to `MAX_EFFORT`. */
type ForEachEffort = { readonly length: 10 };

/**
 * Steps of gradient descent that each effort adds to those of lower efforts. Efforts 0 and 1 only choose orientation
 * and gain.
 */
const STEPS = [0, 0, 0, 24, 16, 24, 36, 60, 100, 160] as const satisfies ForEachEffort;
/**
 * Moves of single symbols that each effort tries after that. They gain sooner than the descent, which gains more in the
 * end.
 */
const MOVES = [0, 0, 32, 16, 16, 24, 32, 48, 64, 256] as const satisfies ForEachEffort;
/** After every so many steps, the latents are coded as in a file. */
const LOOK_EVERY = 4;
/** The time of a step with its gradients, measured in codings of the latents. */
const STEP_COST = 3;
/**
 * Pixels from which images are coded in one pass, at effort 0 and at the others: time grows with the area, and the gain
 * falls.
 */
const LARGEST_AT_EFFORT_0 = 128 * 128;
const LARGEST_SEARCHED = 256 * 256;
const SEED = 1;

export function isTooLargeToSearch({ width, height }: Image, effort: number): boolean {
  return width * height > (effort === 0 ? LARGEST_AT_EFFORT_0 : LARGEST_SEARCHED);
}

/** Is told how much of a search is done, and how much it is in all, in codings of the latents; each takes as long. */
export type SearchListener = (done: number, total: number) => void;

/** Codings of the latents that the efforts up to one take, or as much time. */
function workUpTo(effort: number): number {
  const each = STEPS.map((steps, i) => steps * STEP_COST + steps / LOOK_EVERY + MOVES[i]!);
  return each.slice(0, effort + 1).reduce((sum, work) => sum + work, 0);
}

/** What an effort found. */
interface Found {
  /** The best latents of the descents alone. The next cycle begins here. */
  readonly descended: Trial;
  /** Moves symbols from there. */
  readonly moves: SymbolMoves;
  readonly best: Trial;
}

/**
 * Searches for latents of a picture with a lower loss. There is one gradient descent, and each effort
 * takes it a cycle further than the effort below; from the best latents of a cycle on, single symbols are moved. Every
 * few steps the latents are coded as a file would hold them, and the best so far are kept. So no effort's loss is above
 * that of a lower one.
 */
export class Refinement {
  readonly #model: Model;
  readonly #start: Start;
  readonly #goal: Goal;
  readonly #seen: (trial: Trial) => void;
  readonly #told: SearchListener;
  /** What is done of the search, and how much it is in all; see `SearchListener`. */
  #work = { done: 0, total: 0 };
  /** What each effort has found so far. */
  readonly #found: Found[] = [];
  #descent: Descent | undefined;

  /** @param seen is told all latents that were tried */
  constructor(
    model: Model,
    start: Start,
    loss: Loss,
    { seen = () => {}, told = () => {} }: { seen?: (trial: Trial) => void; told?: SearchListener } = {},
  ) {
    this.#model = model;
    this.#start = start;
    this.#goal = goalOf(model, start.image, start.trial.quality, loss);
    this.#seen = seen;
    this.#told = told;
  }

  /** The latents of an effort. It continues where the highest effort so far ended. */
  upTo(effort: number): Trial {
    const { trial } = this.#start;
    this.#work = { done: 0, total: workUpTo(effort) };
    for (let level = this.#found.length; level <= effort; level++) {
      if (level > 0 && this.#model.budget?.isSpent()) break;
      this.#work.done = workUpTo(level - 1);
      const before = this.#found.at(-1) ?? { descended: trial, moves: this.#movesFrom(trial), best: trial };
      const descended = this.#cycle(before.descended, STEPS[level]!);
      const moves = descended === before.descended ? before.moves : this.#movesFrom(descended);
      const best = this.#better(before.best, moves.go(MOVES[level]!));
      this.#found.push({ descended, moves, best });
    }
    this.#advance(this.#work.total - this.#work.done);
    return this.#found[Math.min(effort, this.#found.length - 1)]!.best;
  }

  #movesFrom(latents: Trial): SymbolMoves {
    return new SymbolMoves(this.#model, this.#start.image, this.#goal, latents, (trial) => {
      this.#seen(trial);
      this.#advance(1);
    });
  }

  #cycle(before: Trial, length: number): Trial {
    const { image, trial } = this.#start;
    let [best, latest] = [before, before];
    const { budget } = this.#model;
    for (let done = 0; done < length; done += LOOK_EVERY) {
      if (budget?.isSpent()) break;
      this.#descent ??= this.#descentFromStart();
      const lambda = this.#goal.loss.lambdaAt(latest);
      for (let step = done; step < done + LOOK_EVERY; step++) this.#descent.step(step / length, lambda);
      const spent = budget?.spent ?? 0;
      latest = tryLatents(this.#model, image, this.#descent.y, trial.quality);
      this.#seen(latest);
      best = this.#better(best, latest);
      budget?.spend(LOOK_EVERY * STEP_COST * (budget.spent - spent));
      this.#advance(LOOK_EVERY * STEP_COST + 1);
    }
    return best;
  }

  #advance(by: number): void {
    if (by === 0) return;
    this.#work.done += by;
    this.#told(this.#work.done, this.#work.total);
  }

  #descentFromStart(): Descent {
    const [model, start] = [this.#model, this.#start];
    const y = withGain(model, start.y, start.trial.quality);
    return new Descent(relaxedFor(model, start.image), this.#goal, y, seededRandom(SEED));
  }

  #better(a: Trial, b: Trial): Trial {
    return this.#goal.loss.of(b) < this.#goal.loss.of(a) ? b : a;
  }
}
