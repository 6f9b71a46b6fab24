import { Worker as Thread } from "node:worker_threads";
import { split } from "../image/batches.ts";
import type { Task } from "./outputs.ts";
import type { Result } from "./results.ts";
import type { Work } from "./work.ts";

/** What a thread is started with. Then come arrays of tasks, and go arrays of results. */
export interface ToThread {
  readonly work: Work;
}

/**
 * Files that are read, coded in batches and written before the next are looked at: bounds memory, and is two full
 * batches.
 */
const PORTION = 32;

/**
 * Does work to all tasks on `jobs` cores and tells of results as they come, in any order. One job runs in this
 * thread. Throws what keeps every task from being done, such as a model that is not there.
 */
export async function runTasks(
  work: Work,
  tasks: readonly Task[],
  jobs: number,
  onResults: (results: readonly Result[]) => void,
): Promise<void> {
  const portions = split(tasks, PORTION);
  if (jobs === 1 || portions.length === 1) {
    const { makeWorker } = await import("./work.ts"); // the codec: not before the call is known to be right
    const worker = await makeWorker(work);
    for (const portion of portions) onResults(await worker(portion));
    return;
  }
  const queue = portions.values();
  const threads = Math.min(jobs, portions.length);
  await Promise.all(Array.from({ length: threads }, () => runThread(work, queue, onResults)));
}

/** Feeds one thread from the queue until that is empty. */
function runThread(
  work: Work,
  queue: IterableIterator<Task[]>,
  onResults: (results: readonly Result[]) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const workerData: ToThread = { work };
    const thread = new Thread(new URL("./thread.ts", import.meta.url), { workerData });
    thread.on("message", (results: Result[]) => {
      onResults(results);
      const { value, done } = queue.next();
      if (done) {
        resolve();
        void thread.terminate();
      } else thread.postMessage(value);
    });
    thread.on("error", reject);
    // after an end that was asked for, this comes too late to matter
    thread.on("exit", (code) => reject(new Error(`a thread ended with code ${code}`)));
  });
}
