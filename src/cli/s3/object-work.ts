import { Worker, type WorkerOptions } from "node:worker_threads";
import { S3ServiceException } from "@aws-sdk/client-s3";
import type { Look } from "../../codec/network/architecture.ts";
import { inParallel } from "../../concurrency.ts";
import { decodePicture } from "../../image/decode.ts";
import type { PictureFormat } from "../../image/formats.ts";
import { writeImage } from "../../image/write.ts";
import { Pool } from "../../node/pool.ts";
import { latentsKey } from "../../service/aws/keys.ts";
import type { State } from "../../service/backfill/survey.ts";
import { verifyObject } from "../../service/backfill/verify.ts";
import { type ServiceContext, serviceContext } from "../../service/encode/context.ts";
import { encodeObject } from "../../service/encode/encode-object.ts";
import { parseMetadata } from "../../service/encode/latents-object.ts";
import { writeWhole } from "../files/outputs.ts";
import { type Failure, failure } from "../results.ts";
import { s3Url } from "./s3-location.ts";

/** The work on one object. It is plain data, so that it can be sent to a thread. Keys are those of uploads. */
export type ObjectTask =
  | {
      readonly do: "encode";
      readonly bucket: string;
      readonly key: string;
      readonly again: boolean;
      /** How a survey found it; the result says it again. */
      readonly state?: State;
    }
  | { readonly do: "verify"; readonly key: string; readonly uploadsBucket: string | undefined }
  | {
      readonly do: "export";
      readonly key: string;
      readonly file: string;
      /** The time of the latents, which the file takes over. */
      readonly modified: Date;
      readonly format: PictureFormat;
      readonly look: Look;
    };

/** The result of a task. */
export interface ObjectDone {
  readonly key: string;
  readonly outcome:
    | "encoded"
    | "current"
    | "removed"
    | "absent"
    | "verified"
    | "decoded"
    | "outdated"
    | "exported";
  readonly state?: State | undefined;
  /** Only if it was verified: which model decodes it, or which classical codec. */
  readonly model?: string | undefined;
  /** Only if it was encoded: bytes of the upload and of the file. */
  readonly bytesBefore?: number;
  readonly bytesAfter?: number;
}

export type ObjectResult = ObjectDone | Failure;

/**
 * Does a task with the service of this process's environment. What cannot be done to the object is a result, not
 * thrown.
 */
export async function doTask(task: ObjectTask): Promise<ObjectResult> {
  const context = await serviceContext();
  try {
    return await attempt(context, task);
  } catch (error) {
    const bucket = task.do === "encode" ? task.bucket : context.settings.latentsBucket;
    const key = task.do === "encode" ? task.key : latentsKey(task.key);
    return failureOf(s3Url(bucket, key), error);
  }
}

async function attempt(context: ServiceContext, task: ObjectTask): Promise<ObjectResult> {
  const { key } = task;
  if (task.do === "encode") {
    const result = await encodeObject(context, { bucket: task.bucket, key, again: task.again });
    if (result.outcome === "rejected") throw result.reason;
    const { state } = task;
    if (result.outcome !== "encoded") return { key, outcome: result.outcome, state };
    const { bytesBefore = 0, bytesAfter = 0 } = parseMetadata(result.metadata);
    return { key, outcome: "encoded", state, bytesBefore, bytesAfter };
  }
  if (task.do === "verify") {
    const { outcome, model } = await verifyObject(context, key, task.uploadsBucket);
    return { key, outcome, model };
  }
  const latents = await context.store.read(context.settings.latentsBucket, latentsKey(key));
  if (!latents) return { key, outcome: "absent" };
  const image = await decodePicture(context.models, latents.bytes, task.look);
  await writeWhole(task.file, await writeImage(image, task.format), task.modified);
  return { key, outcome: "exported" };
}

/** S3's errors often have no message but "UnknownError"; their name says more. */
function failureOf(place: string, error: unknown): Failure {
  if (!(error instanceof S3ServiceException)) return failure(place, error);
  return { in: place, error: { code: "input-output", message: `S3: ${error.name}: ${error.message}` } };
}

/** Tasks that a thread has at a time: while S3 answers one, its core works at another. */
const AT_ONCE = 4;

/**
 * Does tasks on `jobs` cores as they come and yields their results in any order. One job runs in this thread. Throws
 * what keeps every task from being done, such as a model that is not there.
 */
export async function* doTasks(
  tasks: AsyncIterable<ObjectTask>,
  jobs: number,
): AsyncGenerator<ObjectResult, void, undefined> {
  if (jobs === 1) {
    yield* inParallel(tasks, AT_ONCE, doTask);
    return;
  }
  const open = (options: WorkerOptions): Worker =>
    new Worker(new URL("./object-thread.ts", import.meta.url), options);
  const pool = new Pool<ObjectTask, ObjectResult>(open, { size: jobs, atOnce: AT_ONCE });
  try {
    yield* inParallel(tasks, jobs * AT_ONCE, (task) => pool.run(task));
  } finally {
    await pool.close();
  }
}
