import * as v from "valibot";

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

const Invocation = v.variant("invocationSchemaVersion", [Version1, Version2]);

/**
 * Reads an invocation of schema 1.0 or 2.0
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html). The version of an object that a task may
 * name is not read: latents are those of the latest version, whichever is in the manifest.
 *
 * Throws if the event is something else, saying where.
 */
export function readBatchInvocation(event: unknown): BatchInvocation {
  const result = v.safeParse(Invocation, event);
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
