import { parentPort, workerData } from "node:worker_threads";
import sharp from "sharp";
import { ZippyNetError } from "../../codec/errors.ts";
import type { Task } from "./outputs.ts";
import type { FromThread, ToThread } from "./run.ts";
import { makeWorker } from "./work.ts";

/** A thread of `run.ts`: a portion of tasks comes, its results go. A failed start is told, as what `FromThread` has for it. */
const { work } = workerData as ToThread;
sharp.concurrency(1); // the threads share the cores among them already
const tell = (message: FromThread): void => parentPort!.postMessage(message);
try {
  const worker = await makeWorker(work);
  parentPort!.on("message", async (tasks: Task[]) => {
    await worker(tasks, (results) => tell({ kind: "results", results }));
    tell({ kind: "waiting" });
  });
  tell({ kind: "waiting" });
} catch (error) {
  if (!(error instanceof ZippyNetError)) throw error;
  tell({ kind: "failed", code: error.code, message: error.message });
}
