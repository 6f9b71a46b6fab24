import type { S3BatchResultResult, S3BatchResultResultCode } from "aws-lambda";
import * as v from "valibot";
import { decodeEventKey } from "../aws/keys.ts";
import { log, metricFields } from "../aws/log.ts";
import type { ServiceContext } from "../context.ts";
import type { Outcome } from "../encode/encode-object.ts";
import { handleUpload, type Invocation, limitsOf } from "../encode/handle-upload.ts";
import { parseMetadata } from "../encode/latents-object.ts";

/** One invocation by S3 Batch Operations, whichever schema it is of. */
export interface BatchInvocation {
  /** `1.0` or `2.0`. */
  readonly invocationSchemaVersion: string;
  readonly invocationId: string;
  readonly jobId: string;
  /** What the job's creator gave along; schema 2.0 only. */
  readonly userArguments: Readonly<Record<string, string>>;
  readonly tasks: readonly BatchTask[];
}

export interface BatchTask {
  readonly taskId: string;
  readonly bucket: string;
  /** As the manifest has it: URL-encoded. */
  readonly encodedKey: string;
}

const Task = v.object({ taskId: v.string(), s3Key: v.string() });

const ARN = /^arn:[^:]+:s3:::(.+)$/;

/** A task names its bucket by its ARN. */
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
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html). The version of an object that a
 * task may name is not read: latents are those of the latest version, whichever is in the manifest.
 *
 * Throws if the event is something else, saying where.
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

/** Characters of a result that the job's report keeps; the log has all of it. */
const SHORT = 512;

/**
 * Does a task of a job, and answers as the job's report shall have it. Nothing is thrown: what may pass by itself is a
 * `TemporaryFailure`, which S3 tries again, and what never will a `PermanentFailure` with its reason. The job's report
 * tells of it, so the failures queue does not. The user argument `again` = `true` encodes even what is up to date.
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
      limits: limitsOf(context),
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
  const { bytesBefore, bytesAfter } = parseMetadata(outcome.metadata);
  return `encoded ${bytesBefore} ${bytesAfter}`;
}

/** Manifests encode keys as forms do, and S3's own inventories too; undefined of what is not encoded at all. */
function decoded(encodedKey: string): string | undefined {
  try {
    return decodeEventKey(encodedKey);
  } catch {
    return undefined;
  }
}
