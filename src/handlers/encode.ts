import type { Context } from "aws-lambda";
import { serviceContext } from "../service/context.ts";
import { encodeObject } from "../service/encode-object.ts";
import { log } from "../service/log.ts";
import { readS3Event } from "../service/s3-event.ts";

await serviceContext().catch(() => undefined); // while the function starts; a failure is met again, and thrown, by the first event

/**
 * S3 events of the uploads bucket: keeps the latents in line with the uploads. An upload that cannot be encoded is logged with
 * its reason and left alone; whatever may pass by itself is thrown, so that Lambda delivers the event again.
 */
export async function handler(event: unknown, context?: Pick<Context, "awsRequestId">): Promise<void> {
  const requestId = context?.awsRequestId;
  const { events, ignored } = readS3Event(event);
  for (const record of ignored) log("warn", "event ignored", { requestId, record });
  if (events.length === 0) return;
  const service = await serviceContext();
  const failures: unknown[] = [];
  for (const { kind, ...upload } of events) {
    const fields = { requestId, event: kind, ...upload };
    try {
      const outcome = await encodeObject(service, upload);
      log(outcome.outcome === "rejected" ? "warn" : "info", "upload handled", { ...fields, ...outcome });
    } catch (error) {
      log("error", "upload failed", { ...fields, error });
      failures.push(error);
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} of ${events.length} uploads failed`);
}
