import { Worker, type WorkerOptions } from "node:worker_threads";
import { inParallel } from "../../concurrency.ts";
import { Pool } from "../../node/pool.ts";
import { doTask, type ObjectResult, type ObjectTask } from "./object-work.ts";

/** Tasks that a thread has at a time: while S3 answers one, its core works at another. */
const AT_ONCE = 4;

/**
 * Does tasks on `jobs` cores as they come and yields their results in any order. One job runs in this thread. Throws
 * what keeps every task from being done, such as a model that is not there.
 */
export async function* doTasks(
  tasks: AsyncIterable<ObjectTask>,
  jobs: number,
): AsyncGenerator<ObjectResult, void, undefined> {
  if (jobs === 1) {
    yield* inParallel(tasks, AT_ONCE, doTask);
    return;
  }
  const open = (options: WorkerOptions): Worker =>
    new Worker(new URL("./object-thread.ts", import.meta.url), options);
  const pool = new Pool<ObjectTask, ObjectResult>(open, { size: jobs, atOnce: AT_ONCE });
  try {
    yield* inParallel(tasks, jobs * AT_ONCE, (task) => pool.run(task));
  } finally {
    await pool.close();
  }
}
