import { parentPort } from "node:worker_threads";
import sharp from "sharp";
import type { FromObjectThread, ToObjectThread } from "./object-pool.ts";
import { doTask } from "./object-work.ts";

/** A thread of `object-pool.ts`: tasks come, their results go. What every task would fail of ends the thread with its error. */
sharp.concurrency(1); // the threads share the cores among them already
parentPort!.on("message", async ({ id, task }: ToObjectThread) => {
  const message: FromObjectThread = { id, result: await doTask(task) };
  parentPort!.postMessage(message);
});
