import sharp from "sharp";
import { openModels } from "../../model/folder.ts";
import { serveTasks } from "../../node/pool-thread.ts";
import { type OwnTask, ownFile } from "./own-files.ts";

/** A thread of the report's pool. */
serveTasks(async () => {
  sharp.concurrency(1); // the threads share the cores among them already
  const models = await openModels();
  const chosen = await models.choose("auto");
  return (task: OwnTask) => ownFile(models, chosen, task);
});
