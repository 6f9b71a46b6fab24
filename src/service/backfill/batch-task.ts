import type { S3BatchResultResult, S3BatchResultResultCode } from "aws-lambda";
import * as v from "valibot";
import { decodeEventKey } from "../aws/keys.ts";
import { log, metricFields } from "../aws/log.ts";
import type { ServiceContext } from "../encode/context.ts";
import { handleUpload, type Invocation, limitsOf } from "../encode/handle-upload.ts";
import { formatResult, type JobArguments, reasonText } from "./job-results.ts";

/** An invocation by S3 Batch Operations, of either schema. */
export interface BatchInvocation {
  /** `1.0` or `2.0`. */
  readonly invocationSchemaVersion: string;
  readonly invocationId: string;
  readonly jobId: string;
  /** Given by whoever created the job; schema 2.0 only. */
  readonly userArguments: JobArguments & Readonly<Record<string, string>>;
  readonly tasks: readonly BatchTask[];
}

export interface BatchTask {
  readonly taskId: string;
  readonly bucket: string;
  /** URL-encoded, as in the manifest. */
  readonly encodedKey: string;
}

const Task = v.object({ taskId: v.string(), s3Key: v.string() });

const ARN = /^arn:[^:]+:s3:::(.+)$/;

/** A task of schema 1.0 names its bucket by its ARN. */
const Version1 = v.object({
  invocationSchemaVersion: v.literal("1.0"),
  invocationId: v.string(),
  job: v.object({ id: v.string() }),
  tasks: v.array(v.object({ ...Task.entries, s3BucketArn: v.pipe(v.string(), v.regex(ARN)) })),
});

const Version2 = v.object({
  invocationSchemaVersion: v.literal("2.0"),
  invocationId: v.string(),
  job: v.object({ id: v.string(), userArguments: v.nullish(v.record(v.string(), v.string()), {}) }),
  tasks: v.array(v.object({ ...Task.entries, s3Bucket: v.string() })),
});

const AnyVersion = v.variant("invocationSchemaVersion", [Version1, Version2]);

/**
 * Reads an invocation of schema 1.0 or 2.0
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html). A task may name a version of
 * the object. It is ignored, because latents are always those of the latest version.
 *
 * Throws if the event has another form, and says where.
 */
export function readBatchInvocation(event: unknown): BatchInvocation {
  const result = v.safeParse(AnyVersion, event);
  if (!result.success) {
    const issues = result.issues.map((issue) => `${v.getDotPath(issue) ?? "event"}: ${issue.message}`);
    throw new TypeError(
      `expected an invocation by S3 Batch Operations, schema 1.0 or 2.0: ${issues.join("; ")}`,
    );
  }
  const { output } = result;
  const { invocationSchemaVersion, invocationId, job } = output;
  return {
    invocationSchemaVersion,
    invocationId,
    jobId: job.id,
    userArguments: "userArguments" in job ? (job.userArguments ?? {}) : {},
    tasks: output.tasks.map((task) => ({
      taskId: task.taskId,
      bucket: "s3Bucket" in task ? task.s3Bucket : ARN.exec(task.s3BucketArn)![1]!,
      encodedKey: task.s3Key,
    })),
  };
}

/** How many characters of a result go into the report. The log has the whole text. */
const SHORT = 512;

/**
 * Does one task and returns the answer for the job's report. It never throws. What may succeed later is a
 * `TemporaryFailure`, which S3 tries again. What never can is a `PermanentFailure` with its reason, but see
 * `JobArguments`; it is in the report, so it is not sent to the queue of rejected uploads.
 */
export async function doBatchTask(
  open: () => Promise<ServiceContext>,
  { jobId, userArguments }: BatchInvocation,
  { taskId, bucket, encodedKey }: BatchTask,
  context: Invocation | undefined,
): Promise<S3BatchResultResult> {
  const requestId = context?.awsRequestId;
  const answer = (resultCode: S3BatchResultResultCode, text: string): S3BatchResultResult => ({
    taskId,
    resultCode,
    resultString: text.replaceAll(/\s+/g, " ").slice(0, SHORT), // a line break would end the row of the report
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
      limits: limitsOf(context),
      fields: { requestId, jobId, taskId, ...upload },
    });
    if (outcome.outcome !== "rejected" || userArguments["lenient"] === "true")
      return answer("Succeeded", formatResult(outcome));
    return answer("PermanentFailure", reasonText(outcome));
  } catch (error) {
    return answer(
      "TemporaryFailure",
      error instanceof Error ? `${error.name}: ${error.message}` : `${error}`,
    );
  }
}

/** Our manifests and those of S3 Inventory encode keys like a form. Undefined if the key is not encoded correctly. */
function decoded(encodedKey: string): string | undefined {
  try {
    return decodeEventKey(encodedKey);
  } catch {
    return undefined;
  }
}
