import { appendFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders } from "../folders.ts";
import { type Checkpoint, checkpointPath, type RunProgress, startOf, writeCheckpoint } from "./checkpoint.ts";
import type { ImageSets } from "./data/images.ts";
import { Random } from "./data/random.ts";
import { Sampler } from "./data/sampler.ts";
import { evaluateHeldOut, type HeldOutPoint } from "./holdout.ts";
import { type Budget, FLAT, type RunPlan, usedShare } from "./plan.ts";
import { Trainer } from "./trainer.ts";

export interface RunOptions {
  readonly plan: RunPlan;
  readonly images: ImageSets;
  /** Folder of checkpoint and log. */
  readonly folder: string;
  readonly budget: Budget;
  /** Where to go on, or the starting weights. */
  readonly from: Checkpoint | Float32Array;
  readonly checkpointMinutes: number;
  readonly evaluateMinutes: number;
  /** Stops the run after the current step; it can be resumed. */
  readonly signal?: AbortSignal;
  readonly onReport?: (report: RunReport) => void;
}

/** Where a run ended, and whether that was its budget's end. */
export type Trained = Checkpoint & { readonly finished: boolean };

/** A line of the run's log. Means over no step are NaN, in the log null. */
export interface RunReport {
  readonly step: number;
  readonly samples: number;
  /** Seconds of training so far, and those that are left at this pace. */
  readonly seconds: number;
  readonly secondsLeft: number;
  /** Share of the budget that is used, 0–1. */
  readonly done: number;
  readonly imagesPerSecond: number;
  readonly rate: number;
  /** Mean loss since the last report. */
  readonly loss: number;
  /** Mean norm of the gradient since the last report, before clipping. */
  readonly norm: number;
  /** Steps skipped so far because their gradient was not finite. */
  readonly skipped: number;
  /** Only in reports that follow an evaluation. */
  readonly heldOut?: readonly HeldOutPoint[];
}

const REPORT_SECONDS = 10;
/** Steps over which the learning rate rises. */
const WARM_UP = 200;

/** Trains until the budget is used or the signal comes; leaves a checkpoint either way, and returns it. */
export async function train(options: RunOptions): Promise<Trained> {
  await makeFolders(options.folder);
  const log = join(options.folder, "log.jsonl");
  if (options.from instanceof Float32Array) await rm(log, { force: true }); // a new run has a log of its own
  return new TrainingRun(options, log).toItsEnd();
}

/** Sums over the steps since the last report. */
interface Since {
  samples: number;
  seconds: number;
  /** Steps whose gradient was finite. Loss and norm are summed over these alone. */
  steps: number;
  loss: number;
  norm: number;
}

const NOTHING: Readonly<Since> = { samples: 0, seconds: 0, steps: 0, loss: 0, norm: 0 };

class TrainingRun {
  readonly #options: RunOptions;
  readonly #log: string;
  readonly #random: Random;
  readonly #sampler: Sampler;
  readonly #trainer: Trainer;
  #samples: number;
  /** Seconds of training so far, and those at which the next checkpoint and evaluation are due. */
  #seconds: number;
  #checkpointAt: number;
  #evaluateAt: number;
  #skipped = 0;
  #since: Since = { ...NOTHING };

  constructor(options: RunOptions, log: string) {
    const { plan, images, from, checkpointMinutes } = options;
    const { progress, optimiser } = startOf(from, plan);
    this.#options = options;
    this.#log = log;
    this.#random = new Random(progress.random);
    this.#sampler = new Sampler(images.train, this.#random, plan.sampling);
    this.#trainer = new Trainer(plan.architecture, optimiser, plan);
    this.#samples = progress.samples;
    this.#seconds = progress.seconds;
    this.#checkpointAt = progress.seconds + checkpointMinutes * 60;
    this.#evaluateAt = progress.seconds;
  }

  async toItsEnd(): Promise<Trained> {
    const { signal, checkpointMinutes, evaluateMinutes } = this.#options;
    while (this.#used() < 1 && !signal?.aborted) {
      if (this.#seconds >= this.#evaluateAt) {
        await this.#report(this.#evaluated());
        this.#evaluateAt = this.#seconds + evaluateMinutes * 60;
      }
      this.#step();
      if (this.#since.seconds >= REPORT_SECONDS) await this.#report();
      if (this.#seconds >= this.#checkpointAt) {
        await this.#checkpoint();
        this.#checkpointAt = this.#seconds + checkpointMinutes * 60;
      }
      await new Promise(setImmediate); // lets signals in
    }
    const finished = this.#used() >= 1;
    await this.#report(finished ? this.#evaluated() : undefined);
    const last = await this.#checkpoint();
    this.#trainer.dispose();
    return { ...last, finished };
  }

  /** Share of the budget that is used; above 1 where the last step went beyond it. */
  #used(): number {
    return usedShare(this.#options.budget, { seconds: this.#seconds, samples: this.#samples });
  }

  #rate(done: number): number {
    const { rate, flat } = this.#options.plan;
    return learningRate(rate, this.#trainer.steps, done, flat);
  }

  #step(): void {
    const began = performance.now();
    const batch = this.#sampler.next();
    const noise = this.#sampler.noise(this.#trainer.latents(batch));
    const { loss, norm } = this.#trainer.step(batch, noise, this.#rate(this.#used()));
    const took = (performance.now() - began) / 1000;
    this.#seconds += took;
    this.#samples += batch.levels.length;
    this.#since.seconds += took;
    this.#since.samples += batch.levels.length;
    if (!Number.isFinite(norm)) {
      this.#skipped++;
      return;
    }
    this.#since.steps++;
    this.#since.loss += loss;
    this.#since.norm += norm;
  }

  #evaluated(): readonly HeldOutPoint[] {
    return evaluateHeldOut(this.#trainer, this.#options.images.heldOut, this.#options.plan);
  }

  /** Writes a line of the log and begins new sums. */
  async #report(heldOut?: readonly HeldOutPoint[]): Promise<void> {
    const [done, since] = [Math.min(1, this.#used()), this.#since];
    const line: RunReport = {
      step: this.#trainer.steps,
      samples: this.#samples,
      seconds: this.#seconds,
      secondsLeft: done > 0 ? (this.#seconds * (1 - done)) / done : Number.POSITIVE_INFINITY,
      done,
      imagesPerSecond: since.samples / since.seconds,
      rate: this.#rate(done),
      loss: since.loss / since.steps,
      norm: since.norm / since.steps,
      skipped: this.#skipped,
      ...(heldOut && { heldOut }),
    };
    this.#since = { ...NOTHING };
    await appendFile(this.#log, `${JSON.stringify(line)}\n`);
    this.#options.onReport?.(line);
  }

  async #checkpoint(): Promise<Checkpoint> {
    const { plan, folder } = this.#options;
    const progress: RunProgress = {
      samples: this.#samples,
      seconds: this.#seconds,
      random: this.#random.state,
    };
    const state: Checkpoint = { plan, progress, optimiser: this.#trainer.state() };
    await writeCheckpoint(checkpointPath(folder), state);
    this.#trainer.renew(); // as a resumed run does
    return state;
  }
}

/**
 * Learning rate: a short rise, flat for a share of the run, then a cosine to 0.
 * @param done share of the run that is done, 0–1
 */
export function learningRate(peak: number, step: number, done: number, flat: number = FLAT): number {
  const rise = Math.min(1, (step + 1) / WARM_UP);
  const fall = done < flat ? 1 : (1 + Math.cos((Math.PI * (Math.min(1, done) - flat)) / (1 - flat))) / 2;
  return peak * rise * fall;
}
