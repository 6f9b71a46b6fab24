import { Worker, type WorkerOptions } from "node:worker_threads";
import { inParallel } from "../../concurrency.ts";
import { failure, type OnResults, type Result } from "../results.ts";
import type { Task } from "./outputs.ts";
import type { Work } from "./work.ts";

/** Pictures that are in memory at once, as files or as pixels: each may be of 25 million. */
const AT_ONCE = 4;
/** Tasks that a thread has at a time: while one file is read or written, its core works at another. */
const PER_THREAD = 2;

/**
 * Does work to all tasks on `jobs` cores and reports results as they come, in any order. One job runs in this
 * thread. Throws what keeps every task from being done, such as a model that is not there. If a thread dies, what it
 * was at has failed, and another does the rest.
 */
export async function runTasks(
  work: Work,
  tasks: readonly Task[],
  jobs: number,
  onResults: OnResults,
): Promise<void> {
  if (jobs === 1 || tasks.length === 1) {
    const { openWork } = await import("./work.ts"); // the codec: not before the call is known to be right
    const doFile = await openWork(work);
    for await (const result of inParallel(tasks, AT_ONCE, doFile)) onResults([result]);
    return;
  }
  const { Pool } = await import("../../node/pool.ts");
  const open = (options: WorkerOptions): Worker =>
    new Worker(new URL("./thread.ts", import.meta.url), options);
  const pool = new Pool<Task, Result>(open, { size: jobs, data: work, atOnce: PER_THREAD });
  const doFile = (task: Task): Promise<Result> =>
    pool.run(task).catch((error: unknown) => {
      if (pool.failedStart) throw pool.failedStart;
      return failure(task.in, error);
    });
  try {
    for await (const result of inParallel(tasks, jobs * PER_THREAD, doFile)) onResults([result]);
  } finally {
    await pool.close();
  }
}
