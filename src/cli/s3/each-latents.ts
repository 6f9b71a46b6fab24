import type { Listed } from "../../service/aws/s3.ts";
import { startProgress } from "../progress.ts";
import { failureLine } from "../results.ts";
import type { ObjectTask } from "./object-work.ts";
import type { Place } from "./s3-location.ts";
import { Summary } from "./summary.ts";

/** Latents as they are listed, under their upload's key. */
export type ListedLatents = Listed;

/**
 * Does something to all latents of a place on `jobs` cores, with a progress bar, and reports failures as they come.
 * `task` gives what is to be done to one object, or nothing. What the bucket has beside `.zn` files is passed over.
 */
export async function eachLatents(
  { bucket, prefix }: Place,
  jobs: number,
  task: (latents: ListedLatents) => Promise<ObjectTask | undefined> | ObjectTask | undefined,
): Promise<Summary> {
  process.env["ZIPPYNET_LATENTS_BUCKET"] = bucket; // for this thread and the others
  const { serviceContext } = await import("../../service/encode/context.ts"); // not before the call is known to be right
  const { uploadKey } = await import("../../service/aws/keys.ts");
  const { doTasks } = await import("./object-work.ts");
  const { store } = await serviceContext();
  const progress = startProgress(0, "objects");
  const summary = new Summary((failure) => progress.say(failureLine(failure)));

  async function* ours(): AsyncGenerator<ListedLatents, void, undefined> {
    for await (const listed of store.list(bucket, prefix)) {
      const key = uploadKey(listed.key);
      if (key !== undefined) yield { ...listed, key };
    }
  }
  async function count(): Promise<void> {
    for await (const _ of ours()) progress.grow(1);
  }
  async function* tasks(): AsyncGenerator<ObjectTask, void, undefined> {
    for await (const latents of ours()) {
      const wanted = await task(latents);
      if (wanted) yield wanted;
      else summary.add({ key: latents.key, outcome: "current" });
      if (!wanted) progress.advance(1);
    }
  }

  if (process.stderr.isTTY) count().catch(() => undefined); // the work throws the same error
  try {
    for await (const result of doTasks(tasks(), jobs)) {
      summary.add(result);
      progress.advance(1);
    }
  } finally {
    progress.stop();
  }
  return summary;
}
