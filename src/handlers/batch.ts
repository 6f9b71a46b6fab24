import type { Context, S3BatchResult } from "aws-lambda";
import { encodeTask } from "../service/batch/encode-task.ts";
import { readBatchEvent } from "../service/batch/event.ts";
import { serviceContext } from "../service/context.ts";
import { metricFields } from "../service/emf.ts";
import { encodeMetrics } from "../service/encode-metrics.ts";
import { log } from "../service/log.ts";

await serviceContext().catch(() => undefined); // while the function starts; a failure is met again, and thrown, by the first event

/**
 * Tasks of an S3 Batch Operations job, schema 1.0 or 2.0: encodes each object as the encode function would. What may pass by itself is a
 * `TemporaryFailure`, which S3 tries again; what never will, a `PermanentFailure` with its reason, which the job's report names.
 */
export async function handler(
  event: unknown,
  context?: Pick<Context, "awsRequestId">,
): Promise<S3BatchResult> {
  const { invocationSchemaVersion, invocationId, again, tasks } = readBatchEvent(event);
  const service = await serviceContext();
  const results: S3BatchResult["results"] = [];
  for (const task of tasks) {
    const began = performance.now();
    const { result, outcome, error } = await encodeTask(service, task, again);
    results.push(result);
    const milliseconds = performance.now() - began;
    const metrics = outcome
      ? encodeMetrics(outcome, milliseconds)
      : { Failed: error ? 1 : 0, Milliseconds: milliseconds };
    const level = error ? "error" : result.resultCode === "Succeeded" ? "info" : "warn";
    log(level, "task handled", {
      requestId: context?.awsRequestId,
      invocationId,
      bucket: task.bucket,
      key: task.key,
      ...result,
      error,
      ...metricFields("batch", metrics),
    });
  }
  return {
    invocationSchemaVersion,
    invocationId,
    treatMissingKeysAs: "PermanentFailure",
    results,
  };
}
