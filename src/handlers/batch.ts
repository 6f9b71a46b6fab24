import type { S3BatchResult, S3BatchResultResult } from "aws-lambda";
import { doBatchTask, readBatchInvocation } from "../service/backfill/batch-task.ts";
import { serviceContext } from "../service/encode/context.ts";
import type { Invocation } from "../service/encode/handle-upload.ts";

// loaded while the function starts; if this fails, the first task tries again and reports the error
await serviceContext().catch(() => undefined);

/**
 * Handles tasks of S3 Batch Operations, schemas 1.0 and 2.0. A task names an upload whose latents are to be brought up
 * to date, like an event of the encode function. Throws only if the event has another form.
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
