import { parentPort, workerData } from "node:worker_threads";
import { ZippyNetError } from "../codec/errors.ts";
import { Engine } from "./engine.ts";
import type { FromThread, ThreadData, ToThread } from "./pool.ts";

/** A thread of `pool.ts`: one task at a time comes, and what it came to goes back. */
const { locations } = workerData as ThreadData;
const engine = new Engine(locations);

parentPort!.on("message", async ({ task }: ToThread) => {
  parentPort!.postMessage(await outcomeOf(task));
});

/** The class of an error is lost on its way out of a thread, so what it is made of is sent. */
async function outcomeOf(task: ToThread["task"]): Promise<FromThread> {
  try {
    return { kind: "done", result: await engine.run(task) };
  } catch (error) {
    if (error instanceof ZippyNetError) return { kind: "failed", code: error.code, message: error.message };
    return {
      kind: "broken",
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}
