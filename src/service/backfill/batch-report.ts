import * as v from "valibot";
import { ZippyNetError } from "../../codec/errors.ts";
import { decodeEventKey } from "../aws/keys.ts";
import type { ObjectStore } from "../aws/s3.ts";
import { BACKFILL_FOLDER } from "./batch-jobs.ts";

/** An object that a job failed to encode. */
export interface FailedTask {
  readonly bucket: string;
  readonly key: string;
  readonly code: string;
  readonly message: string;
}

const Manifest = v.object({
  Results: v.array(v.object({ TaskExecutionStatus: v.string(), Key: v.string() })),
});

/**
 * The failed tasks of a job, from its completion report
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-examples-reports.html). Throws `bad-file` if the
 * report has another form.
 */
export async function* failedTasks(
  store: ObjectStore,
  bucket: string,
  jobId: string,
): AsyncGenerator<FailedTask, void, undefined> {
  const key = `${BACKFILL_FOLDER}/job-${jobId}/manifest.json`;
  const manifest = await store.read(bucket, key);
  if (!manifest) return; // a job that ends before its first task writes no report
  for (const { Key } of parsed(manifest.bytes, key).Results) {
    const results = await store.read(bucket, Key);
    if (!results)
      throw new ZippyNetError("bad-file", `expected the job's report at s3://${bucket}/${Key}, found none`);
    const lines = Buffer.from(results.bytes).toString().split("\n");
    for (const line of lines) if (line.trim() !== "") yield readRow(line);
  }
}

function parsed(bytes: Uint8Array, key: string): v.InferOutput<typeof Manifest> {
  try {
    return v.parse(Manifest, JSON.parse(Buffer.from(bytes).toString()));
  } catch (cause) {
    throw new ZippyNetError("bad-file", `expected a job's report at ${key}, got something else`, { cause });
  }
}

/**
 * The columns are bucket, key, version, status, code, HTTP status and message. The message may contain commas, and may
 * be quoted, with quotes doubled.
 */
function readRow(line: string): FailedTask {
  const [, bucket, key, code, message] =
    /^([^,]*),([^,]*),[^,]*,[^,]*,([^,]*),[^,]*,(.*)$/.exec(line.trimEnd()) ?? [];
  if (bucket === undefined)
    throw new ZippyNetError("bad-file", `expected a row of a job's report, got ${line}`);
  return {
    bucket: unquoted(bucket),
    key: decodeEventKey(unquoted(key!)),
    code: unquoted(code!),
    message: unquoted(message!),
  };
}

function unquoted(field: string): string {
  return /^".*"$/.test(field) ? field.slice(1, -1).replaceAll('""', '"') : field;
}
