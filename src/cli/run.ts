import { Worker as Thread } from "node:worker_threads";
import { split } from "../image/batches.ts";
import type { Task } from "./outputs.ts";
import type { OnResults, Result } from "./results.ts";
import type { Work } from "./work.ts";

/** What a thread is started with. Then come portions of tasks. */
export interface ToThread {
  readonly work: Work;
}

/** What a thread tells: results as they come, and that it waits for a portion, the first or the next. */
export type FromThread =
  | { readonly kind: "results"; readonly results: readonly Result[] }
  | { readonly kind: "waiting" };

/** Files that a thread is given at once, at most: two full batches. */
const PORTION = 32;
/** Portions that a thread has at least, if there are so many files: so all end at about the same time. */
const PORTIONS = 4;

/**
 * Does work to all tasks on `jobs` cores and tells of results as they come, in any order. One job runs in this
 * thread. Throws what keeps every task from being done, such as a model that is not there.
 */
export async function runTasks(
  work: Work,
  tasks: readonly Task[],
  jobs: number,
  onResults: OnResults,
): Promise<void> {
  if (jobs === 1 || tasks.length === 1) {
    const { makeWorker } = await import("./work.ts"); // the codec: not before the call is known to be right
    await (await makeWorker(work))(tasks, onResults);
    return;
  }
  const length = Math.min(PORTION, Math.ceil(tasks.length / (jobs * PORTIONS)));
  const portions = split(tasks, length);
  const queue = portions.values();
  const threads = Math.min(jobs, portions.length);
  await Promise.all(Array.from({ length: threads }, () => runThread(work, queue, onResults)));
}

/** Feeds one thread from the queue until that is empty. */
function runThread(work: Work, queue: IterableIterator<Task[]>, onResults: OnResults): Promise<void> {
  return new Promise((resolve, reject) => {
    const workerData: ToThread = { work };
    const thread = new Thread(new URL("./thread.ts", import.meta.url), { workerData });
    thread.on("message", (message: FromThread) => {
      if (message.kind === "results") {
        onResults(message.results);
        return;
      }
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
