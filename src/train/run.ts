import { appendFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders } from "../make-folders.ts";
import { type Checkpoint, checkpointPath, type RunProgress, startOf, writeCheckpoint } from "./checkpoint.ts";
import type { ImageSets } from "./data/images.ts";
import { Random } from "./data/random.ts";
import { Sampler } from "./data/sampler.ts";
import { evaluateHeldOut, type HeldOutPoint } from "./holdout.ts";
import { type Budget, FLAT, type RunPlan } from "./plan.ts";
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
  const { plan, images, folder, budget, from, signal, onReport } = options;
  const rateAt = (done: number) => learningRate(plan.rate, trainer.steps, done, plan.flat);
  const start = startOf(from, plan);
  const random = new Random(start.progress.random);
  const sampler = new Sampler(images.train, random, plan.sampling);
  const trainer = new Trainer(plan.architecture, start.optimiser, plan);
  await makeFolders(folder);
  const log = join(folder, "log.jsonl");
  if (from instanceof Float32Array) await rm(log, { force: true }); // an earlier run's lines are none of this one's
  let { samples, seconds } = start.progress;
  let skipped = 0;
  let since = { samples: 0, seconds: 0, steps: 0, loss: 0, norm: 0 };
  let [checkpointAt, evaluateAt] = [seconds + options.checkpointMinutes * 60, seconds];
  const used = () =>
    "minutes" in budget ? seconds / (budget.minutes * 60) : budget.samples > 0 ? samples / budget.samples : 1;

  const report = async (heldOut?: readonly HeldOutPoint[]): Promise<void> => {
    const done = Math.min(1, used());
    const line: RunReport = {
      step: trainer.steps,
      samples,
      seconds,
      secondsLeft: done > 0 ? (seconds * (1 - done)) / done : Number.POSITIVE_INFINITY,
      done,
      imagesPerSecond: since.samples / since.seconds,
      rate: rateAt(done),
      loss: since.loss / since.steps,
      norm: since.norm / since.steps,
      skipped,
      ...(heldOut && { heldOut }),
    };
    since = { samples: 0, seconds: 0, steps: 0, loss: 0, norm: 0 };
    await appendFile(log, `${JSON.stringify(line)}\n`);
    onReport?.(line);
  };
  const checkpoint = async (): Promise<Checkpoint> => {
    const progress: RunProgress = { samples, seconds, random: random.state };
    const state: Checkpoint = { plan, progress, optimiser: trainer.state() };
    await writeCheckpoint(checkpointPath(folder), state);
    trainer.renew(); // as a resumed run does
    return state;
  };

  while (used() < 1 && !signal?.aborted) {
    if (seconds >= evaluateAt) {
      await report(evaluateHeldOut(trainer, images.heldOut, plan));
      evaluateAt = seconds + options.evaluateMinutes * 60;
    }
    const began = performance.now();
    const batch = sampler.next();
    const noise = sampler.noise(trainer.latents(batch));
    const { loss, norm } = trainer.step(batch, noise, rateAt(used()));
    const took = (performance.now() - began) / 1000;
    seconds += took;
    samples += batch.levels.length;
    since.seconds += took;
    since.samples += batch.levels.length;
    if (Number.isFinite(norm)) {
      since.steps++;
      since.loss += loss;
      since.norm += norm;
    } else skipped++;
    if (since.seconds >= REPORT_SECONDS) await report();
    if (seconds >= checkpointAt) {
      await checkpoint();
      checkpointAt = seconds + options.checkpointMinutes * 60;
    }
    await new Promise(setImmediate); // lets signals in
  }
  const finished = used() >= 1;
  await report(finished ? evaluateHeldOut(trainer, images.heldOut, plan) : undefined);
  const last = await checkpoint();
  trainer.dispose();
  return { ...last, finished };
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
