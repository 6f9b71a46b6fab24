import sharp from "sharp";
import { openModels } from "../../model/folder.ts";
import { serveTasks } from "../../node/pool-thread.ts";
import { METRICS } from "../measure/metrics.ts";
import { type OwnTask, ownFile } from "../measure/own.ts";

/**
 * A thread of the report's pool, started with the models to choose from, as `--model` names them. It measures METRICS
 * too.
 */
serveTasks(async (named: string) => {
  sharp.concurrency(1); // the threads share the cores among them already
  const models = await openModels();
  const chosen = await models.choose(named);
  return (task: OwnTask) => ownFile(models, chosen, task, METRICS);
});
