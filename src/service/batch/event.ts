import * as v from "valibot";
import { decodeEventKey } from "../keys.ts";

/** One object of an invocation by S3 Batch Operations. */
export interface BatchTask {
  readonly taskId: string;
  readonly bucket: string;
  /** Decoded; undefined if it was not percent-encoded. */
  readonly key: string | undefined;
  /** As it came. */
  readonly encodedKey: string;
}

export interface BatchEvent {
  readonly invocationSchemaVersion: string;
  readonly invocationId: string;
  /** Whether the job asks for objects to be encoded even if their latents are up to date: user argument `again`, of schema 2.0. */
  readonly again: boolean;
  readonly tasks: readonly BatchTask[];
}

const common = { taskId: v.string(), s3Key: v.string() };
const Event = v.variant("invocationSchemaVersion", [
  v.object({
    invocationSchemaVersion: v.literal("1.0"),
    invocationId: v.string(),
    tasks: v.array(v.object({ ...common, s3BucketArn: v.string() })),
  }),
  v.object({
    invocationSchemaVersion: v.literal("2.0"),
    invocationId: v.string(),
    job: v.object({ userArguments: v.nullish(v.record(v.string(), v.string())) }),
    tasks: v.array(v.object({ ...common, s3Bucket: v.string() })),
  }),
]);

/**
 * An event of S3 Batch Operations, of schema 1.0 or 2.0
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html). Versions of objects are passed over: what is
 * encoded is what is uploaded now. Throws a `TypeError` that says what was expected, on which the job counts all tasks as failed.
 */
export function readBatchEvent(event: unknown): BatchEvent {
  const result = v.safeParse(Event, event);
  if (!result.success) {
    const [issue] = result.issues;
    throw new TypeError(
      `expected an event of S3 Batch Operations, schema 1.0 or 2.0; ${v.getDotPath(issue) ?? "the event"}: ${issue.message}`,
    );
  }
  const { output } = result;
  const { invocationSchemaVersion, invocationId } = output;
  if (output.invocationSchemaVersion === "1.0") {
    const tasks = output.tasks.map((task) => toTask(task, task.s3BucketArn.replace(/^arn:[^:]*:s3:::/, "")));
    return { invocationSchemaVersion, invocationId, again: false, tasks };
  }
  return {
    invocationSchemaVersion,
    invocationId,
    again: output.job.userArguments?.["again"] === "true",
    tasks: output.tasks.map((task) => toTask(task, task.s3Bucket)),
  };
}

function toTask({ taskId, s3Key }: { taskId: string; s3Key: string }, bucket: string): BatchTask {
  return { taskId, bucket, key: decoded(s3Key), encodedKey: s3Key };
}

function decoded(key: string): string | undefined {
  try {
    return decodeEventKey(key);
  } catch {
    return undefined;
  }
}
