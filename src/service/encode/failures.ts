import { createHash } from "node:crypto";
import * as v from "valibot";
import { once } from "../../concurrency.ts";
import { bareTag } from "../../http/etag.ts";
import type { MessageQueue } from "../aws/sqs.ts";
import type { ServiceSettings } from "../settings.ts";
import type { Rejected, Upload } from "./encode-object.ts";
import { readS3Event } from "./s3-event.ts";

/**
 * What a message of one of two queues tells:
 *
 * - The queue of rejected uploads, which can never be encoded as they are. The encode function sends them. Whoever may
 *   upload can fill it, so it raises no alarm.
 * - The queue of failures: events that the encode function failed to handle three times. Lambda sends its invocation
 *   record, with the event and the error
 *   (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
 */
export interface FailedUploads {
  /** Empty if the message names none of our uploads. */
  readonly uploads: readonly Upload[];
  /** A sentence for people. */
  readonly reason: string;
}

const Rejection = v.object({
  zippynet: v.literal("rejected"),
  time: v.string(),
  requestId: v.optional(v.string()),
  bucket: v.string(),
  key: v.string(),
  /** ETag of the upload, without quotes. */
  etag: v.optional(v.string()),
  sequencer: v.optional(v.string()),
  reason: v.object({ code: v.string(), message: v.string() }),
});

const Invocation = v.object({
  requestContext: v.object({ condition: v.string(), requestId: v.optional(v.string()) }),
  requestPayload: v.unknown(),
  responsePayload: v.fallback(v.optional(v.object({ errorMessage: v.optional(v.string()) })), undefined),
});

/** The message of a rejected upload. It names the upload, which stays in its bucket. */
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

/** JSON without the characters that SQS refuses, U+FFFE and U+FFFF, which a key may have. */
function asMessage(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\ufffe\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16)}`,
  );
}

/** Reads a message of either queue; undefined for any other message. */
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

/** Ids of messages and groups have at most 128 plain characters. */
function hashOf(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

let queue: { readonly url: string; readonly open: () => Promise<MessageQueue> } | undefined;

/**
 * Sends a rejected upload to its queue. On a developer's machine there is no queue, only the log. The queue keeps one
 * message for each key and ETag, as far as it knows. Throws the errors of SQS, so that the event comes again and the
 * reason is not lost.
 */
export async function sendRejected(
  { rejectedQueueUrl: url }: ServiceSettings,
  upload: Upload,
  rejected: Rejected,
  requestId: string | undefined,
): Promise<void> {
  if (url === undefined) return;
  if (queue?.url !== url) {
    queue = { url, open: once(async () => new (await import("../aws/sqs.ts")).MessageQueue(url)) };
  }
  const group = hashOf(upload.bucket, upload.key);
  const id = hashOf(upload.bucket, upload.key, rejected.etag ?? "");
  await (await queue.open()).send(rejectionMessage(upload, rejected, requestId), { group, id });
}
