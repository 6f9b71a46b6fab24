import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { TIMEOUTS } from "../retries.ts";

/** A message that is reserved for this process until its visibility timeout ends. */
export interface Received {
  readonly id: string;
  readonly body: string;
  /** The handle for deleting or releasing it. */
  readonly handle: string;
}

/**
 * For a FIFO queue: of several messages with the same id, it takes only the first within five minutes. Messages of one
 * group keep their order.
 */
export interface Deduplication {
  readonly group: string;
  readonly id: string;
}

/**
 * A queue of uploads that could not be encoded. Errors are those of the SDK. Handlers import this module only when they
 * need it, because hardly any invocation does and the client would slow down every cold start.
 */
export class MessageQueue {
  readonly #client: SQSClient;
  readonly #url: string;

  constructor(
    url: string,
    endpoint = process.env["AWS_ENDPOINT_URL_SQS"] ?? process.env["AWS_ENDPOINT_URL"],
  ) {
    this.#client = new SQSClient({ ...(endpoint !== undefined && { endpoint }), requestHandler: TIMEOUTS });
    this.#url = url;
  }

  /** @param once for a FIFO queue, whose URL ends in `.fifo` */
  async send(body: string, once?: Deduplication): Promise<void> {
    const fifo = once &&
      this.#url.endsWith(".fifo") && { MessageGroupId: once.group, MessageDeduplicationId: once.id };
    await this.#client.send(new SendMessageCommand({ QueueUrl: this.#url, MessageBody: body, ...fifo }));
  }

  /**
   * Up to ten messages, which stay invisible to others for so many seconds (0–43,200). Empty if the queue seems to be
   * empty.
   */
  async receive(seconds: number): Promise<Received[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#url,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: seconds,
      WaitTimeSeconds: 1, // long polling asks all servers of SQS, so an empty answer means an empty queue
    });
    const { Messages = [] } = await this.#client.send(command);
    return Messages.map(({ MessageId = "", Body = "", ReceiptHandle = "" }) => ({
      id: MessageId,
      body: Body,
      handle: ReceiptHandle,
    }));
  }

  /** Deletes a message that has been handled. */
  async delete(handle: string): Promise<void> {
    await this.#client.send(new DeleteMessageCommand({ QueueUrl: this.#url, ReceiptHandle: handle }));
  }

  /** Releases a message: it stays in the queue, and others can receive it at once. */
  async release(handle: string): Promise<void> {
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: this.#url,
      ReceiptHandle: handle,
      VisibilityTimeout: 0,
    });
    await this.#client.send(command);
  }
}
