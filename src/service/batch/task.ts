import type { S3BatchResultResult, S3BatchResultResultCode } from "aws-lambda";
import type { ServiceContext } from "../context.ts";
import { metricFields } from "../emf.ts";
import type { Outcome } from "../encode-object.ts";
import { handleUpload } from "../handle-upload.ts";
import { decodeEventKey } from "../keys.ts";
import { log } from "../log.ts";
import type { BatchInvocation, BatchTask } from "./invocation.ts";

/** Characters of a result that the job's report keeps; the log has all of it. */
const SHORT = 512;

/**
 * Does a task of a job, and answers as the job's report shall have it. Nothing is thrown: what may pass by itself is a
 * `TemporaryFailure`, which S3 tries again, and what never will a `PermanentFailure` with its reason. The job's report tells of
 * it, so the failures queue does not. The user argument `again` = `true` encodes even what is up to date.
 */
export async function doBatchTask(
  open: () => Promise<ServiceContext>,
  { jobId, userArguments }: BatchInvocation,
  { taskId, bucket, encodedKey }: BatchTask,
  requestId: string | undefined,
): Promise<S3BatchResultResult> {
  const answer = (resultCode: S3BatchResultResultCode, text: string): S3BatchResultResult => ({
    taskId,
    resultCode,
    resultString: text.replaceAll(/\s+/g, " ").slice(0, SHORT), // a line break would end the report's row
  });
  const key = decoded(encodedKey);
  if (key === undefined) {
    const reason = `expected a URL-encoded key in the manifest, got "${encodedKey}"`;
    const metrics = metricFields("batch", { Rejected: 1 });
    log("warn", "task rejected", { requestId, jobId, taskId, bucket, reason, ...metrics });
    return answer("PermanentFailure", reason);
  }
  const upload = { bucket, key, again: userArguments["again"] === "true" };
  try {
    const outcome = await handleUpload(open, upload, {
      operation: "batch",
      fields: { requestId, jobId, taskId, ...upload },
    });
    if (outcome.outcome !== "rejected") return answer("Succeeded", resultText(outcome));
    return answer("PermanentFailure", `${outcome.reason.code}: ${outcome.reason.message}`);
  } catch (error) {
    return answer(
      "TemporaryFailure",
      error instanceof Error ? `${error.name}: ${error.message}` : `${error}`,
    );
  }
}

function resultText(outcome: Outcome): string {
  if (outcome.outcome !== "encoded") return outcome.outcome;
  const { "bytes-before": before, "bytes-after": after } = outcome.metadata;
  return `encoded ${before} ${after}`;
}

/** Manifests encode keys as forms do, and S3's own inventories too; undefined of what is not encoded at all. */
function decoded(encodedKey: string): string | undefined {
  try {
    return decodeEventKey(encodedKey);
  } catch {
    return undefined;
  }
}
