import type { S3BatchResult, S3BatchResultResult } from "aws-lambda";
import { doBatchTask, readBatchInvocation } from "../service/backfill/batch-task.ts";
import { serviceContext } from "../service/context.ts";
import type { Invocation } from "../service/encode/handle-upload.ts";

await serviceContext().catch(() => undefined); // while the function starts; a failure is met again, and told, by the first task

/**
 * S3 Batch Operations, schemas 1.0 and 2.0: a task is an upload whose latents are to be in line with it, as an event is
 * for the encode function. Throws only if the event is something else.
 */
export async function handler(event: unknown, context?: Invocation): Promise<S3BatchResult> {
  const invocation = readBatchInvocation(event);
  const results: S3BatchResultResult[] = [];
  for (const task of invocation.tasks) {
    results.push(await doBatchTask(serviceContext, invocation, task, context));
  }
  const { invocationSchemaVersion, invocationId } = invocation;
  return { invocationSchemaVersion, invocationId, treatMissingKeysAs: "TemporaryFailure", results };
}
