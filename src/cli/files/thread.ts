import sharp from "sharp";
import { serveTasks } from "../../node/pool-thread.ts";
import { openWork, type Work } from "./work.ts";

/** A thread of `run.ts`. */
serveTasks((work: Work) => {
  sharp.concurrency(1); // the threads share the cores among them already
  return openWork(work);
});
