import type { Rejected, Upload } from "./encode-object.ts";
import { rejectionMessage } from "./failures.ts";
import type { FailuresQueue } from "./failures-queue.ts";
import { once } from "./once.ts";
import type { ServiceSettings } from "./settings.ts";

let queue: { readonly url: string; readonly open: () => Promise<FailuresQueue> } | undefined;

/**
 * Puts a rejected upload into the failures queue, if there is one: without, which is so on one's own machine, the log has to do.
 * Throws what SQS throws, so that the event comes again rather than its reason be lost.
 */
export async function tellRejected(
  { failuresQueueUrl: url }: ServiceSettings,
  upload: Upload,
  rejected: Rejected,
  requestId: string | undefined,
): Promise<void> {
  if (url === undefined) return;
  if (queue?.url !== url) {
    queue = { url, open: once(async () => new (await import("./failures-queue.ts")).FailuresQueue(url)) };
  }
  await (await queue.open()).send(rejectionMessage(upload, rejected, requestId));
}
