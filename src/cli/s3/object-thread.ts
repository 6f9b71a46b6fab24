import sharp from "sharp";
import { serveTasks } from "../../node/pool-thread.ts";
import { doTask } from "./object-work.ts";

/** A thread of `object-work.ts`. */
serveTasks(async () => {
  sharp.concurrency(1); // the threads share the cores among them already
  return doTask;
});
