import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { PATIENCE } from "../retries.ts";

/** A message that is ours until its visibility timeout ends. */
export interface Received {
  readonly id: string;
  readonly body: string;
  /** What it is deleted or released by. */
  readonly handle: string;
}

/**
 * What makes messages the same to a FIFO queue: of one id, it takes the first of five minutes; a group keeps its order.
 */
export interface Deduplication {
  readonly group: string;
  readonly id: string;
}

/**
 * A queue of what could not be encoded. All throw what the SDK throws. Handlers import this module when they first need
 * it: hardly any invocation does, and the client would lengthen every cold start.
 */
export class FailuresQueue {
  readonly #client: SQSClient;
  readonly #url: string;

  constructor(
    url: string,
    endpoint = process.env["AWS_ENDPOINT_URL_SQS"] ?? process.env["AWS_ENDPOINT_URL"],
  ) {
    this.#client = new SQSClient({ ...(endpoint !== undefined && { endpoint }), requestHandler: PATIENCE });
    this.#url = url;
  }

  /** @param once for a FIFO queue, whose URL ends in `.fifo` */
  async send(body: string, once?: Deduplication): Promise<void> {
    const fifo = once &&
      this.#url.endsWith(".fifo") && { MessageGroupId: once.group, MessageDeduplicationId: once.id };
    await this.#client.send(new SendMessageCommand({ QueueUrl: this.#url, MessageBody: body, ...fifo }));
  }

  /** Up to ten messages, which nobody else gets for so many seconds (0–43,200); empty if there seem to be none. */
  async receive(seconds: number): Promise<Received[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#url,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: seconds,
      WaitTimeSeconds: 1, // long polling asks all of SQS's servers: an empty answer then means an empty queue
    });
    const { Messages = [] } = await this.#client.send(command);
    return Messages.map(({ MessageId = "", Body = "", ReceiptHandle = "" }) => ({
      id: MessageId,
      body: Body,
      handle: ReceiptHandle,
    }));
  }

  /** The message is dealt with. */
  async delete(handle: string): Promise<void> {
    await this.#client.send(new DeleteMessageCommand({ QueueUrl: this.#url, ReceiptHandle: handle }));
  }

  /** The message stays in the queue, and is there for others at once. */
  async release(handle: string): Promise<void> {
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: this.#url,
      ReceiptHandle: handle,
      VisibilityTimeout: 0,
    });
    await this.#client.send(command);
  }
}
