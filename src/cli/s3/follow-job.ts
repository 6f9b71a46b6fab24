import { setTimeout as sleep } from "node:timers/promises";
import {
  BatchJobs,
  hasEnded,
  type JobState,
  type NewJob,
  reportedTasks,
} from "../../service/backfill/batch-jobs.ts";
import type { ServiceContext } from "../../service/encode/context.ts";
import { startProgress } from "../progress.ts";
import { type Failure, failureLine } from "../results.ts";
import { s3Url } from "./s3-location.ts";

export interface FollowedJob {
  readonly job?: string;
  readonly encoded: number;
  readonly failed: number;
  readonly failures: Failure[];
  /** Sums over what was encoded. */
  readonly bytesBefore?: number;
  readonly bytesAfter?: number;
}

export interface JobWish extends Omit<NewJob, "keys"> {
  /** The work of the job, listed only if no such job is running. */
  readonly keys: () => Promise<readonly string[]>;
}

/** Milliseconds between two requests for the state of a job. */
const PAUSE = Number(process.env["ZIPPYNET_JOB_PAUSE"] ?? 5000);
/** Failures that are listed. The others are counted, and reported on standard error. */
const LISTED = 10_000;

/** Follows the running job of this description to its end. If there is none, it makes one. */
export async function followJob(
  { store }: ServiceContext,
  batchFunction: string,
  wish: JobWish,
): Promise<FollowedJob> {
  const jobs = await BatchJobs.of(batchFunction);
  let job = await jobs.find(wish.description);
  if (job === undefined) {
    const keys = await wish.keys();
    if (keys.length === 0) return { encoded: 0, failed: 0, failures: [] };
    job = await jobs.create(store, { ...wish, keys });
    console.error(
      `job ${job}: ${keys.length} uploads; it goes on if this ends, and the same command follows it again`,
    );
  } else {
    console.error(`job ${job} is under way; what has come since then is for the next`);
  }
  const state = await toItsEnd(jobs, job);
  const failures: Failure[] = [];
  let { succeeded: encoded, failed } = state;
  let [bytesBefore, bytesAfter] = [0, 0];
  for await (const { bucket, key, result } of reportedTasks(store, wish.latentsBucket, job)) {
    if (result.outcome === "encoded") {
      bytesBefore += result.bytesBefore;
      bytesAfter += result.bytesAfter;
      continue;
    }
    if (result.outcome !== "failed") encoded--; // a success for S3
    if (result.outcome === "other") continue;
    if (result.outcome === "rejected") failed++;
    const failure: Failure = {
      in: s3Url(bucket, key),
      error: { code: "input-output", message: result.reason },
    };
    console.error(failureLine(failure));
    if (failures.length < LISTED) failures.push(failure);
  }
  if (state.status !== "Complete") {
    const reasons = state.reasons.length > 0 ? `: ${state.reasons.join("; ")}` : "";
    failures.push({
      in: `job ${job}`,
      error: { code: "input-output", message: `${state.status}${reasons}` },
    });
    console.error(`zippynet: job ${job}: ${state.status}${reasons}`);
  }
  failed = Math.max(failed, failures.length);
  return { job, encoded, failed, failures, ...(bytesBefore > 0 && { bytesBefore, bytesAfter }) };
}

async function toItsEnd(jobs: BatchJobs, job: string): Promise<JobState> {
  const progress = startProgress(0, "uploads");
  let [known, done] = [0, 0];
  try {
    for (;;) {
      const state = await jobs.state(job);
      progress.grow(state.tasks - known);
      progress.advance(state.succeeded + state.failed - done, state.status);
      [known, done] = [state.tasks, state.succeeded + state.failed];
      if (hasEnded(state)) return state;
      await sleep(PAUSE);
    }
  } finally {
    progress.stop();
  }
}
