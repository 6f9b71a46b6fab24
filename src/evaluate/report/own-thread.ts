import { parentPort } from "node:worker_threads";
import sharp from "sharp";
import { openModels } from "../../model/folder.ts";
import { type OwnTask, ownFiles } from "./own-files.ts";

/** A thread of `threads.ts`: a task comes, its files go. What goes wrong ends the thread with its error. */
sharp.concurrency(1); // the threads share the cores among them already
const models = await openModels();
const chosen = await models.choose("auto");
parentPort!.on("message", async (task: OwnTask) =>
  parentPort!.postMessage(await ownFiles(models, chosen, task)),
);
