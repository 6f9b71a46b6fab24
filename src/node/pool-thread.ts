import { parentPort, workerData } from "node:worker_threads";
import type { Progress } from "../api/options.ts";
import { ZippyNetError } from "../codec/errors.ts";
import type { FromThread, SentError, ToThread } from "./pool.ts";

/**
 * The thread's side of a `Pool`: receives tasks and sends back their results.
 * @param start is called once, with the data of the pool; returns the function that does a task, and may report how
 * far it has come. If it fails, every task fails with the same error
 * @example
 * serveTasks(async (locations: ModelLocation[]) => {
 *   const engine = new Engine(locations);
 *   return (task: Task) => engine.run(task);
 * });
 */
export function serveTasks<Data, Task, Result>(
  start: (data: Data) => Promise<(task: Task, report: (progress: Progress) => void) => Promise<Result>>,
): void {
  const ready = start(workerData as Data);
  ready.catch(() => undefined); // each task reports it
  parentPort!.on("message", (message: ToThread<Task>) => void answer(message));

  async function answer({ id, task }: ToThread<Task>): Promise<void> {
    let started = false;
    const send = (message: FromThread<Result>): void => parentPort!.postMessage(message);
    const outcome: FromThread<Result> = await ready
      .then((work) => {
        started = true;
        return work(task, (progress) => send({ id, kind: "progress", progress }));
      })
      .then(
        (result) => ({ id, kind: "done", result }),
        (error: unknown) => ({ id, kind: "failed", started, error: sent(error) }),
      );
    send(outcome);
  }
}

function sent(error: unknown): SentError {
  if (error instanceof ZippyNetError) return { code: error.code, message: error.message };
  if (error instanceof Error) return { name: error.name, message: error.message };
  return { name: "Error", message: String(error) };
}
