import type { FailuresQueue, Received } from "../aws/sqs.ts";
import type { Upload } from "../encode/encode-object.ts";
import { readFailure } from "../encode/failures.ts";

/** A message of the failures queue, and what it asks for. */
export interface Failed {
  readonly message: Received;
  /** Empty if the message is not one of ours. */
  readonly uploads: readonly Upload[];
  /** Why it came here. */
  readonly reason: string;
}

/** Seconds that a message is ours. If we die, it is there again after that. */
const HELD = 900;

/**
 * All messages of the queue, each once. They stay in the queue, out of others' sight, until they are deleted or
 * released; so there is an end, even if nothing is deleted. What is held for longer comes again, and is held again.
 */
export async function* failedUploads(queue: FailuresQueue): AsyncGenerator<Failed, void, undefined> {
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
