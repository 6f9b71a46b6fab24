import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { listen, originOf } from "./listen.ts";

interface Message {
  readonly id: string;
  readonly body: string;
  handle: string;
  /** Milliseconds since the epoch. */
  visibleAt: number;
}

/**
 * One queue that speaks SQS's JSON protocol over HTTP, as AWS's SDK does: messages, each id once, visibility, receipt
 * handles.
 */
export class LocalSqs {
  readonly messages: Message[] = [];
  /** Answers everything with a 500 while it is set. */
  broken = false;
  readonly #ids = new Set<unknown>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<LocalSqs> {
    const sqs = new LocalSqs();
    await listen(sqs.#server);
    return sqs;
  }

  get endpoint(): string {
    return originOf(this.#server);
  }

  get url(): string {
    return `${this.endpoint}/000000000000/failures.fifo`;
  }

  get bodies(): string[] {
    return this.messages.map(({ body }) => body);
  }

  /** As Lambda does with a record of its own. */
  add(body: string): void {
    this.messages.push({ id: randomUUID(), body, handle: "", visibleAt: 0 });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const input = JSON.parse(Buffer.concat(await request.toArray()).toString()) as Record<string, unknown>;
    const action = String(request.headers["x-amz-target"]).replace("AmazonSQS.", "");
    const output = this.broken || input["QueueUrl"] !== this.url ? undefined : this.#act(action, input);
    response.writeHead(output ? 200 : 500, { "content-type": "application/x-amz-json-1.0" });
    response.end(JSON.stringify(output ?? { __type: "InternalError", message: `no ${action}` }));
  }

  #act(action: string, input: Record<string, unknown>): Record<string, unknown> | undefined {
    const held = this.messages.findIndex(({ handle }) => handle !== "" && handle === input["ReceiptHandle"]);
    switch (action) {
      case "SendMessage": {
        const id = input["MessageDeduplicationId"];
        if (id !== undefined && this.#ids.has(id))
          return { MessageId: "", MD5OfMessageBody: md5(String(input["MessageBody"])) };
        if (id !== undefined) this.#ids.add(id);
        this.add(String(input["MessageBody"]));
        return { MessageId: this.messages.at(-1)!.id, MD5OfMessageBody: md5(this.messages.at(-1)!.body) };
      }
      case "ReceiveMessage": {
        const visible = this.messages.filter(({ visibleAt }) => visibleAt <= Date.now());
        const taken = visible.slice(0, Number(input["MaxNumberOfMessages"] ?? 1));
        for (const message of taken) {
          message.handle = randomUUID();
          message.visibleAt = Date.now() + Number(input["VisibilityTimeout"] ?? 30) * 1000;
        }
        const Messages = taken.map(({ id, body, handle }) => ({
          MessageId: id,
          ReceiptHandle: handle,
          Body: body,
          MD5OfBody: md5(body),
        }));
        return { Messages };
      }
      case "DeleteMessage":
        if (held >= 0) this.messages.splice(held, 1);
        return {};
      case "ChangeMessageVisibility":
        if (held < 0) return undefined;
        this.messages[held]!.visibleAt = Date.now() + Number(input["VisibilityTimeout"]) * 1000;
        return {};
      default:
        return undefined;
    }
  }
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
