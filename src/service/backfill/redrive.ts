import type { MessageQueue, Received } from "../aws/sqs.ts";
import type { Upload } from "../encode/encode-object.ts";
import { readFailure } from "../encode/failures.ts";

/** A message of the failures queue, and what it asks for. */
export interface Failed {
  readonly message: Received;
  /** Empty if the message is not one of ours. */
  readonly uploads: readonly Upload[];
  /** Why the upload failed. */
  readonly reason: string;
}

/**
 * Seconds that a message is reserved for this process. If the process dies, the message is visible again after that.
 */
const HELD = 900;

/**
 * Returns each message of the queue once. Messages stay in the queue, invisible to others, until they are deleted or
 * released. So the loop ends even if nothing is deleted. A message that is held for longer than its reservation appears
 * again, and is reserved again.
 */
export async function* failedUploads(queue: MessageQueue): AsyncGenerator<Failed, void, undefined> {
  const seen = new Set<string>();
  for (;;) {
    const received = await queue.receive(HELD);
    if (received.length === 0) return;
    for (const message of received.filter(({ id }) => !seen.has(id))) {
      seen.add(message.id);
      const { uploads, reason } = readFailure(message.body) ?? {
        uploads: [],
        reason: "not a message of ZippyNet",
      };
      yield { message, uploads, reason };
    }
  }
}
