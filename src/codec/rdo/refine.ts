import type { Image } from "../image.ts";
import type { Model } from "../model.ts";
import { withGain } from "../network/autoencoder.ts";
import { SymbolMoves } from "./moves.ts";
import { type Goal, goalOf, type Loss, relaxedFor, weighedBy } from "./objective.ts";
import type { Relaxed } from "./relaxation.ts";
import { Descent, seededRandom } from "./sga.ts";
import { inSteps, type Trial, tryLatents } from "./trials.ts";

/** A number for each effort, 0 to `MAX_EFFORT`. */
type ForEachEffort = { readonly length: 10 };

/** Steps of gradient descent. Efforts 0 and 1 only choose orientation and gain. */
const STEPS = [0, 0, 0, 40, 40, 72, 112, 176, 288, 440] as const satisfies ForEachEffort;
/** Moves of single symbols that are coded after that: they find what the descent cannot. */
const MOVES = [0, 0, 96, 48, 96, 96, 96, 192, 192, 192] as const satisfies ForEachEffort;
/** After every so many steps, the latents are coded as in a file. */
const CODE_EVERY = 8;
/** The time of a step, measured in codings of the latents: two runs of the prior, and two of `g_s` every fifth step. */
const STEP_COST = 1;
/** The time of a move, also in codings: on average half a run of the prior, and some are decoded. */
const MOVE_COST = 0.25;
/**
 * The most pixels of an image that is coded more than once, at effort 0 and at the others: time grows with the area,
 * and the gain falls.
 */
const LARGEST_AT_EFFORT_0 = 128 * 128;
const LARGEST_SEARCHED = 256 * 256;
const SEED = 1;
/** By what factor errors are worth less in each round of a squeeze, and the most rounds: to 0.6 of the bytes or so. */
const SQUEEZE = 1.5;
const SQUEEZES = 6;
/** The least effort that moves symbols. */
const LEAST_EFFORT = 2;

export function isTooLargeToSearch({ width, height }: Image, effort: number): boolean {
  return width * height > (effort === 0 ? LARGEST_AT_EFFORT_0 : LARGEST_SEARCHED);
}

/** Called with the work that is done of a search, and all of its work; one is the time of coding the latents once. */
export type SearchListener = (done: number, total: number) => void;

interface Listeners {
  /** Called with all latents that were decoded. */
  readonly onDecoded?: (trial: Trial) => void;
  readonly onProgress?: SearchListener;
}

/** What a search needs at each of its stages. */
interface Search {
  readonly model: Model;
  readonly relaxed: Relaxed;
  readonly goal: Goal;
  /** One for each channel of the latents; see `LocalDistortion`. */
  readonly curvature: Float32Array;
  readonly onDecoded: (trial: Trial) => void;
  /** Called with work that is done, in codings of the latents. */
  readonly advance: (work: number) => void;
}

/**
 * Searches for latents of a picture with a lower loss than a trial's: one gradient descent, whose length is the
 * effort's, then moves of single symbols from the best latents that it passed. Every few steps the latents are coded as
 * a file would hold them, and the best are kept, so what comes out is never worse than the trial.
 */
export function refined(
  model: Model,
  trial: Trial,
  loss: Loss,
  effort: number,
  { onDecoded = () => {}, onProgress = () => {} }: Listeners = {},
): Trial {
  const { image } = trial.analysis;
  const [steps, moves] = [STEPS[effort]!, MOVES[effort]!];
  if (moves === 0 || model.budget?.isSpent()) return trial;
  const total = steps * STEP_COST + steps / CODE_EVERY + moves * MOVE_COST;
  let done = 0;
  const advance = (work: number): void => {
    done += work;
    onProgress(done, total);
  };
  const goal = goalOf(model, image, trial.quality, loss);
  const relaxed = relaxedFor(model, image);
  const curvature = relaxed.synthesis.curvature(goal, inSteps(trial), seededRandom(SEED));
  const descended = descend({ model, relaxed, goal, curvature, onDecoded, advance }, trial, steps);
  const onCoded = (): void => advance(MOVE_COST);
  const best = new SymbolMoves(model, goal, curvature, { onDecoded, onCoded }).from(descended, moves);
  if (done < total) advance(total - done);
  return best;
}

/**
 * Makes latents with fewer bits than the lowest gain gives them: refinements, one after the other, by which errors are
 * worth less and less.
 * @param isEnough called with all latents that were decoded; the round in which it says yes is the last one
 */
export function squeeze(
  model: Model,
  trial: Trial,
  effort: number,
  isEnough: (trial: Trial) => boolean,
): void {
  let [best, lambda, rounds] = [trial, trial.bits / (trial.sse + 1), SQUEEZES];
  const onDecoded = (found: Trial): void => {
    if (isEnough(found)) rounds = 0;
  };
  for (; rounds > 0 && !model.budget?.isSpent(); rounds--) {
    lambda /= SQUEEZE;
    best = refined(model, best, weighedBy(lambda), Math.max(effort, LEAST_EFFORT), { onDecoded });
  }
}

/** The best latents of a descent of so many steps. It sets out from what the trial was before it was rounded. */
function descend(
  { model, relaxed, goal, curvature, onDecoded, advance }: Search,
  trial: Trial,
  length: number,
): Trial {
  const { analysis, quality } = trial;
  const { loss } = goal;
  const { budget } = model;
  const gained = withGain(model, analysis.y, quality);
  const descent = new Descent(relaxed, goal, curvature, gained, seededRandom(SEED));
  let [best, latest] = [trial, trial];
  for (let done = 0; done < length && !budget?.isSpent(); done += CODE_EVERY) {
    const lambda = loss.lambdaAt(latest);
    for (let step = done; step < done + CODE_EVERY; step++) {
      descent.step(step / length, lambda);
      advance(STEP_COST);
    }
    const spent = budget?.spent ?? 0;
    latest = tryLatents(model, analysis, descent.y, quality);
    onDecoded(latest);
    if (loss.of(latest) < loss.of(best)) best = latest;
    budget?.spend(CODE_EVERY * STEP_COST * (budget.spent - spent));
    advance(1);
  }
  return best;
}
