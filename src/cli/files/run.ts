import { Worker as Thread } from "node:worker_threads";
import { type ErrorCode, ZippyNetError } from "../../codec/errors.ts";
import { split } from "../../image/batches.ts";
import { failure, type OnResults, type Result } from "../results.ts";
import type { Task } from "./outputs.ts";
import type { Work } from "./work.ts";

/** What a thread is started with. Then come portions of tasks. */
export interface ToThread {
  readonly work: Work;
}

/**
 * What a thread tells: results as they come, that it waits for a portion, the first or the next, or that it could not start: an error
 * that is thrown in a thread comes out of it without its class.
 */
export type FromThread =
  | { readonly kind: "results"; readonly results: readonly Result[] }
  | { readonly kind: "waiting" }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };

/** Files that a thread is given at once, at most: two full batches. */
const PORTION = 32;
/** Portions that a thread has at least, if there are so many files: so all end at about the same time. */
const PORTIONS = 4;

/**
 * Does work to all tasks on `jobs` cores and tells of results as they come, in any order. One job runs in this
 * thread. Throws what keeps every task from being done, such as a model that is not there. If a thread dies on its way, what it was at
 * has failed, and the others do the rest.
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
  const ends = await Promise.all(Array.from({ length: threads }, () => runThread(work, queue, onResults)));
  const left = [...queue].flat();
  if (left.length === 0) return;
  const error = ends.find((end) => end !== undefined);
  if (left.length === tasks.length) throw error; // none has started
  onResults(left.map((task) => failure(task.in, error)));
}

/** Feeds one thread from the queue until that is empty, or until the thread dies, and tells what of. */
function runThread(
  work: Work,
  queue: IterableIterator<Task[]>,
  onResults: OnResults,
): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const workerData: ToThread = { work };
    const thread = new Thread(new URL("./thread.ts", import.meta.url), { workerData });
    let atHand: readonly Task[] = [];
    // of several reasons the first tells most; after an end that was asked for, there is nothing at hand
    const end = (error: Error): void => {
      if (atHand.length > 0) onResults(atHand.map((task) => failure(task.in, error)));
      atHand = [];
      resolve(error);
    };
    thread.on("message", (message: FromThread) => {
      if (message.kind === "results") {
        const told = new Set(message.results.map((result) => result.in));
        atHand = atHand.filter((task) => !told.has(task.in));
        onResults(message.results);
      } else if (message.kind === "failed") {
        end(new ZippyNetError(message.code, message.message));
      } else {
        const { value, done } = queue.next();
        if (done) {
          resolve(undefined);
          void thread.terminate();
        } else {
          atHand = value;
          thread.postMessage(value);
        }
      }
    });
    thread.on("error", end);
    thread.on("exit", (code) => end(new Error(`a thread ended with code ${code}`)));
  });
}
