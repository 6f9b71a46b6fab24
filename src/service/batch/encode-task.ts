import type { S3BatchResultResult } from "aws-lambda";
import type { ServiceContext } from "../context.ts";
import { encodeObject, type Outcome } from "../encode-object.ts";
import { isFolderMarker } from "../keys.ts";
import type { BatchTask } from "./event.ts";

/** What became of a task; without an outcome it may yet succeed, and S3 tries it again. */
export interface TaskDone {
  readonly result: S3BatchResultResult;
  readonly outcome: Outcome | undefined;
  readonly error?: unknown;
}

/** Longest text of a result that job reports keep, in characters. */
const MAX_TEXT = 1024;

/** Brings the latents of a task's object in line with it. Throws nothing: what fails is a result. */
export async function encodeTask(
  context: ServiceContext,
  task: BatchTask,
  again: boolean,
): Promise<TaskDone> {
  const result = (resultCode: S3BatchResultResult["resultCode"], text: string): S3BatchResultResult => ({
    taskId: task.taskId,
    resultCode,
    resultString: text.slice(0, MAX_TEXT),
  });
  const { bucket, key } = task;
  if (key === undefined) {
    const text = `expected a percent-encoded key, got ${task.encodedKey}`;
    return { result: result("PermanentFailure", text), outcome: undefined };
  }
  if (isFolderMarker(key, key.endsWith("/") ? await sizeOf(context, bucket, key) : undefined)) {
    return { result: result("Succeeded", "a folder"), outcome: undefined };
  }
  try {
    const outcome = await encodeObject(context, { bucket, key, again });
    if (outcome.outcome === "rejected") {
      const { code, message } = outcome.reason;
      return { result: result("PermanentFailure", `${code}: ${message}`), outcome };
    }
    return { result: result("Succeeded", textOf(outcome)), outcome };
  } catch (error) {
    return { result: result("TemporaryFailure", String(error)), outcome: undefined, error };
  }
}

function textOf(outcome: Exclude<Outcome, { outcome: "rejected" }>): string {
  if (outcome.outcome !== "encoded") return outcome.outcome;
  const { metadata } = outcome;
  return `encoded: ${metadata["bytes-before"]} → ${metadata["bytes-after"]} bytes, ${metadata["psnr"]} dB, ${metadata["model"]}`;
}

async function sizeOf({ store }: ServiceContext, bucket: string, key: string): Promise<number | undefined> {
  return (await store.head(bucket, key).catch(() => undefined))?.size;
}
