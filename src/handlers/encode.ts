import { log } from "../service/aws/log.ts";
import { serviceContext } from "../service/encode/context.ts";
import type { Limits, Rejected } from "../service/encode/encode-object.ts";
import { handleUpload, type Invocation, limitsOf } from "../service/encode/handle-upload.ts";
import { type ObjectEvent, readS3Event } from "../service/encode/s3-event.ts";

// loaded while the function starts; if this fails, the first event tries again and throws the error
await serviceContext().catch(() => undefined);

/**
 * Handles S3 events of the uploads bucket: brings the latents up to date with the uploads. An upload that cannot be
 * encoded is sent to the queue of rejected uploads with its reason. What may succeed later is thrown. Lambda then
 * delivers the event again and, after the third failure, sends it to the queue of failures.
 */
export async function handler(event: unknown, context?: Invocation): Promise<void> {
  const requestId = context?.awsRequestId;
  const { events, ignored } = readS3Event(event);
  for (const record of ignored) log("warn", "event ignored", { requestId, record });
  if (events.length === 0) return;
  const failures: unknown[] = [];
  for (const one of events) {
    await handle(one, requestId, limitsOf(context)).catch((error: unknown) => failures.push(error));
  }
  if (failures.length === 0) return;
  const [first] = failures;
  const reason = first instanceof Error ? `${first.name}: ${first.message}` : String(first);
  // Lambda's record in the failures queue has only the message of an error
  throw new AggregateError(failures, `${failures.length} of ${events.length} uploads failed: ${reason}`);
}

async function handle(
  { kind, ...upload }: ObjectEvent,
  requestId: string | undefined,
  limits: Limits,
): Promise<void> {
  const fields = { requestId, event: kind, ...upload };
  const onRejected = async (rejected: Rejected): Promise<void> => {
    const { sendRejected } = await import("../service/encode/failures.ts"); // few uploads are rejected
    await sendRejected((await serviceContext()).settings, upload, rejected, requestId);
  };
  await handleUpload(serviceContext, upload, { operation: "encode", fields, limits, onRejected });
}
