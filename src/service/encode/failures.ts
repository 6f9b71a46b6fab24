import { createHash } from "node:crypto";
import * as v from "valibot";
import { once } from "../../concurrency.ts";
import { bareTag } from "../../http/etag.ts";
import type { FailuresQueue } from "../aws/sqs.ts";
import type { ServiceSettings } from "../settings.ts";
import type { Rejected, Upload } from "./encode-object.ts";
import { readS3Event } from "./s3-event.ts";

/**
 * Messages of two queues:
 *
 * - the queue of rejected uploads, which can never be encoded as they are: the encode function sends them there.
 * Whoever may upload may fill
 *   it, so nothing alarms;
 * - the queue of failures, events that the encode function failed three times to handle: Lambda sends its invocation
 * record there, with
 *   the event and the error (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
 */
export interface FailedUploads {
  /** Empty if the message tells of no upload of ours. */
  readonly uploads: readonly Upload[];
  /** For people. */
  readonly reason: string;
}

const Rejection = v.object({
  zippynet: v.literal("rejected"),
  time: v.string(),
  requestId: v.optional(v.string()),
  bucket: v.string(),
  key: v.string(),
  /** Of the upload, without quotes. */
  etag: v.optional(v.string()),
  sequencer: v.optional(v.string()),
  reason: v.object({ code: v.string(), message: v.string() }),
});

const Invocation = v.object({
  requestContext: v.object({ condition: v.string(), requestId: v.optional(v.string()) }),
  requestPayload: v.unknown(),
  responsePayload: v.fallback(v.optional(v.object({ errorMessage: v.optional(v.string()) })), undefined),
});

/** The message of a rejected upload; the original stays where it is, so its place is enough. */
export function rejectionMessage(
  { bucket, key, sequencer }: Upload,
  { reason, etag }: Rejected,
  requestId: string | undefined,
): string {
  const message: v.InferOutput<typeof Rejection> = {
    zippynet: "rejected",
    time: new Date().toISOString(),
    ...(requestId === undefined ? {} : { requestId }),
    bucket,
    key,
    ...(etag === undefined ? {} : { etag: bareTag(etag) }),
    ...(sequencer === undefined ? {} : { sequencer }),
    reason: { code: reason.code, message: reason.message },
  };
  return asMessage(message);
}

/** JSON in the characters that SQS takes: without U+FFFE and U+FFFF, which a key may have. */
function asMessage(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\ufffe\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16)}`,
  );
}

/** What a message of the queue tells; undefined of a message that is of neither kind. */
export function readFailure(body: string): FailedUploads | undefined {
  const content = parsed(body);
  const rejection = v.safeParse(Rejection, content);
  if (rejection.success) {
    const { bucket, key, sequencer, reason } = rejection.output;
    return { uploads: [{ bucket, key, sequencer }], reason: reason.message };
  }
  const invocation = v.safeParse(Invocation, content);
  if (!invocation.success) return undefined;
  const { requestContext, requestPayload, responsePayload } = invocation.output;
  const { events } = readS3Event(requestPayload);
  return {
    uploads: events.map(({ bucket, key, sequencer }) => ({ bucket, key, sequencer })),
    reason: responsePayload?.errorMessage ?? requestContext.condition,
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Ids of messages and groups are of 128 plain characters at most. */
function hashOf(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

let queue: { readonly url: string; readonly open: () => Promise<FailuresQueue> } | undefined;

/**
 * Puts a rejected upload into its queue, if there is one: on one's own machine, the log has to do. One message a key
 * and ETag, as far as the queue can tell. Throws what SQS throws, so that the event comes again rather than its reason
 * be lost.
 */
export async function tellRejected(
  { rejectedQueueUrl: url }: ServiceSettings,
  upload: Upload,
  rejected: Rejected,
  requestId: string | undefined,
): Promise<void> {
  if (url === undefined) return;
  if (queue?.url !== url) {
    queue = { url, open: once(async () => new (await import("../aws/sqs.ts")).FailuresQueue(url)) };
  }
  const group = hashOf(upload.bucket, upload.key);
  const id = hashOf(upload.bucket, upload.key, rejected.etag ?? "");
  await (await queue.open()).send(rejectionMessage(upload, rejected, requestId), { group, id });
}
