import { randomUUID } from "node:crypto";
import {
  CreateJobCommand,
  DescribeJobCommand,
  type JobStatus,
  paginateListJobs,
  S3ControlClient,
} from "@aws-sdk/client-s3-control";
import * as v from "valibot";
import { ZippyNetError } from "../../codec/errors.ts";
import { bareTag } from "../../http/etag.ts";
import { DeployedFunctions } from "../aws/functions.ts";
import { decodeEventKey, percentEncodeKey } from "../aws/keys.ts";
import type { ObjectStore } from "../aws/s3.ts";
import { type JobArguments, type JobResult, parseResult } from "./job-results.ts";

/** The state of a job. */
export interface JobState {
  readonly status: JobStatus;
  readonly tasks: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Why the whole job failed. */
  readonly reasons: readonly string[];
}

export interface NewJob {
  readonly uploadsBucket: string;
  readonly latentsBucket: string;
  readonly keys: readonly string[];
  /** A job is found again by its description. At most 256 characters. */
  readonly description: string;
  /** Also encode what seems up to date. */
  readonly again: boolean;
}

/** The states in which a job has ended. */
const ENDED: readonly JobStatus[] = ["Complete", "Failed", "Cancelled"];
const UNDER_WAY: JobStatus[] = ["New", "Preparing", "Ready", "Active", "Pausing", "Paused", "Completing"];
const PRIORITY = 10;

/**
 * Jobs of S3 Batch Operations that call a deployed `batch` function. Throws the errors of the SDK, and `bad-option`.
 */
export class BatchJobs {
  readonly #control: S3ControlClient;
  readonly #account: string;
  readonly #role: string;
  /** The ARN of one published version. With an alias, a deployment would change the code in the middle of a job. */
  readonly #functionArn: string;

  private constructor(functionArn: string, role: string) {
    const endpoint = process.env["AWS_ENDPOINT_URL_S3_CONTROL"] ?? process.env["AWS_ENDPOINT_URL"];
    // the SDK's rules would put the account into the host name, which an emulator on this machine does not have
    this.#control = new S3ControlClient(
      endpoint === undefined ? {} : { endpointProvider: () => ({ url: new URL(endpoint) }) },
    );
    this.#functionArn = functionArn;
    this.#role = role;
    this.#account = functionArn.split(":")[4] ?? "";
  }

  /** Jobs run the current version of the function. Its environment has the role of jobs. */
  static async of(name: string): Promise<BatchJobs> {
    const { arn, variables } = await new DeployedFunctions().current(name);
    const role = variables["ZIPPYNET_BATCH_JOB_ROLE"];
    if (role) return new BatchJobs(arn, role);
    throw new ZippyNetError(
      "bad-option",
      `expected a deployed batch function, such as zippynet-live-batch, got "${name}", which names no role for jobs`,
    );
  }

  /** An unfinished job with this description. */
  async find(description: string): Promise<string | undefined> {
    const input = { AccountId: this.#account, JobStatuses: UNDER_WAY };
    for await (const { Jobs = [] } of paginateListJobs({ client: this.#control }, input)) {
      const job = Jobs.find(({ Description }) => Description === description);
      if (job) return job.JobId;
    }
    return undefined;
  }

  /** Writes the manifest and creates the job. */
  async create(store: ObjectStore, job: NewJob): Promise<string> {
    const { uploadsBucket, latentsBucket, keys, description, again } = job;
    const token = randomUUID(); // the SDK's retries send the same token, so they create no second job
    const key = `${BACKFILL_FOLDER}/${token}.csv`;
    await store.put(latentsBucket, key, undefined, {
      bytes: manifestOf(uploadsBucket, keys),
      type: "text/csv",
    });
    const written = await store.head(latentsBucket, key);
    if (!written) throw new Error(`${key}: the manifest was deleted before its job was made`);
    const partition = this.#functionArn.split(":")[1]; // aws, aws-cn, aws-us-gov
    const bucketArn = `arn:${partition}:s3:::${latentsBucket}`;
    const { JobId } = await this.#control.send(
      new CreateJobCommand({
        AccountId: this.#account,
        ClientRequestToken: token,
        ConfirmationRequired: false,
        Description: description,
        Priority: PRIORITY,
        RoleArn: this.#role,
        Operation: {
          LambdaInvoke: {
            FunctionArn: this.#functionArn,
            InvocationSchemaVersion: "2.0",
            UserArguments: { lenient: "true", ...(again && { again: "true" }) } satisfies JobArguments,
          },
        },
        Manifest: {
          Spec: { Format: "S3BatchOperations_CSV_20180820", Fields: ["Bucket", "Key"] },
          Location: { ObjectArn: `${bucketArn}/${key}`, ETag: bareTag(written.etag) },
        },
        Report: {
          Enabled: true,
          Bucket: bucketArn,
          Prefix: BACKFILL_FOLDER,
          Format: "Report_CSV_20180820",
          ReportScope: "AllTasks",
        },
      }),
    );
    return JobId!;
  }

  async state(jobId: string): Promise<JobState> {
    const { Job } = await this.#control.send(
      new DescribeJobCommand({ AccountId: this.#account, JobId: jobId }),
    );
    const progress = Job?.ProgressSummary;
    return {
      status: Job?.Status ?? "New",
      tasks: progress?.TotalNumberOfTasks ?? 0,
      succeeded: progress?.NumberOfTasksSucceeded ?? 0,
      failed: progress?.NumberOfTasksFailed ?? 0,
      reasons: (Job?.FailureReasons ?? []).map(
        ({ FailureCode, FailureReason }) => `${FailureCode}: ${FailureReason}`,
      ),
    };
  }
}

export function hasEnded({ status }: JobState): boolean {
  return ENDED.includes(status);
}

/**
 * Where manifests and reports of backfills are stored in the latents bucket. Keys of latents end in `.zn`, so they do
 * not collide.
 */
const BACKFILL_FOLDER = "jobs";

/** The lines of a manifest for S3 Batch Operations, as CSV: bucket and percent-encoded key. */
export function manifestOf(bucket: string, keys: readonly string[]): Uint8Array {
  const parts: Buffer[] = [];
  // the lines of ten million keys are longer than a string can be
  for (let from = 0; from < keys.length; from += LINES_AT_ONCE) {
    const lines = keys.slice(from, from + LINES_AT_ONCE).map((key) => `${bucket},${percentEncodeKey(key)}\n`);
    parts.push(Buffer.from(lines.join("")));
  }
  return Buffer.concat(parts);
}

const LINES_AT_ONCE = 10_000;

/** A row of a job's report. */
export interface Reported {
  readonly bucket: string;
  readonly key: string;
  readonly result: JobResult | { readonly outcome: "failed"; readonly reason: string };
}

const Manifest = v.object({
  Results: v.array(v.object({ TaskExecutionStatus: v.string(), Key: v.string() })),
});

/**
 * The tasks of a job, from its completion report
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-examples-reports.html), which may have millions of
 * rows. Throws `bad-file` if the report has another form.
 */
export async function* reportedTasks(
  store: ObjectStore,
  bucket: string,
  jobId: string,
): AsyncGenerator<Reported, void, undefined> {
  const key = `${BACKFILL_FOLDER}/job-${jobId}/manifest.json`;
  const manifest = await store.read(bucket, key);
  if (!manifest) return; // a job that ends before its first task writes no report
  for (const { Key } of parsed(manifest.bytes, key).Results) {
    const lines = await store.readLines(bucket, Key);
    if (!lines)
      throw new ZippyNetError("bad-file", `expected the job's report at s3://${bucket}/${Key}, found none`);
    for await (const line of lines) if (line.trim() !== "") yield readRow(line);
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
function readRow(line: string): Reported {
  const [, bucket, key, status, message] =
    /^([^,]*),([^,]*),[^,]*,([^,]*),[^,]*,[^,]*,(.*)$/.exec(line.trimEnd()) ?? [];
  if (bucket === undefined)
    throw new ZippyNetError("bad-file", `expected a row of a job's report, got ${line}`);
  const text = unquoted(message!);
  return {
    bucket: unquoted(bucket),
    key: decodeEventKey(unquoted(key!)),
    result: unquoted(status!) === "succeeded" ? parseResult(text) : { outcome: "failed", reason: text },
  };
}

function unquoted(field: string): string {
  return /^".*"$/.test(field) ? field.slice(1, -1).replaceAll('""', '"') : field;
}
