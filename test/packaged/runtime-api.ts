import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { listen, originOf } from "../service/listen.ts";

interface Invocation {
  readonly id: string;
  readonly event: string;
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/**
 * Lambda's side of the runtime API, for one function: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export class RuntimeApi {
  readonly #server: Server;
  readonly #waiting: Invocation[] = [];
  readonly #running = new Map<string, Invocation>();
  #idle: ((invocation: Invocation) => void) | undefined;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<RuntimeApi> {
    const api = new RuntimeApi();
    await listen(api.#server);
    return api;
  }

  /** For AWS_LAMBDA_RUNTIME_API. */
  get host(): string {
    return new URL(originOf(this.#server)).host;
  }

  /** What the function answers to an event; throws what it throws. */
  invoke(event: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const invocation = { id: randomUUID(), event: JSON.stringify(event), resolve, reject };
      if (!this.#idle) this.#waiting.push(invocation);
      else this.#idle(invocation);
    });
  }

  /** No answer will come: all that wait fail. */
  fail(why: string): void {
    for (const { reject } of [...this.#running.values(), ...this.#waiting.splice(0)]) {
      reject(new Error(`the function failed: ${why}`));
    }
    this.#running.clear();
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString();
    const [, id = "", action = ""] = /\/invocation\/([^/]+)\/?(.*)$/.exec(request.url ?? "") ?? [];
    if (id === "next") {
      const invocation = this.#waiting.shift() ?? (await this.#come());
      const { id: next, event } = invocation;
      this.#running.set(next, invocation);
      response.writeHead(200, {
        "content-type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": next,
        "Lambda-Runtime-Deadline-Ms": String(Date.now() + 60_000),
        "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:test",
        "Lambda-Runtime-Trace-Id":
          "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
      });
      response.end(event);
      return;
    }
    const invocation = this.#running.get(id);
    this.#running.delete(id);
    if (action === "response") invocation?.resolve(JSON.parse(body || "null"));
    else if (invocation) invocation.reject(new Error(`the function failed: ${body}`));
    else this.fail(body); // an error of the start, `/init/error`, is every invocation's
    response.writeHead(202).end();
  }

  async #come(): Promise<Invocation> {
    const invocation = await new Promise<Invocation>((resolve) => {
      this.#idle = resolve;
    });
    this.#idle = undefined;
    return invocation;
  }
}
