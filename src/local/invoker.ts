import { subscribe } from "node:diagnostics_channel";
import type { Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds before the second and the third attempt. Lambda waits one and two minutes. */
const RETRIES = [1000, 2000];

/** How many functions run at once. Here they share one process. */
const AT_ONCE = 4;

/** Lambda's asynchronous invocation: events wait in a queue, and if a function fails, it is tried twice more. */
export class Invoker {
  readonly #endpoint: string;
  readonly #waiting: { readonly functionName: string; readonly event: unknown }[] = [];
  #running = 0;

  /** `endpoint` is a server with the invocation API of Lambda. */
  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  invoke(functionName: string, event: unknown): void {
    this.#waiting.push({ functionName, event });
    if (this.#running === AT_ONCE) return;
    this.#running++;
    void this.#work().finally(() => this.#running--);
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      const { functionName, event } = next;
      for (const delay of [...RETRIES, undefined]) {
        const failure = await this.call(functionName, event);
        if (failure === undefined) break;
        if (delay === undefined) console.error(`${functionName} failed three times, giving up: ${failure}`);
        else await sleep(delay);
      }
    }
  }

  /** Runs a function and waits for it. Returns the error, if there is one. */
  async call(functionName: string, event: unknown): Promise<string | undefined> {
    try {
      const url = `${this.#endpoint}/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`;
      const answer = await fetch(url, { method: "POST", body: JSON.stringify(event) });
      const text = await answer.text();
      return answer.ok && !answer.headers.has("x-amz-function-error") ? undefined : text;
    } catch (error) {
      return String(error);
    }
  }
}

/**
 * From now on no HTTP server of this process closes a connection because it is idle; only its client or the end of the
 * process does. All servers here share one thread with the functions, which may compute for seconds. Nothing is read
 * meanwhile. Afterwards Node runs its timers before it reads its sockets, so it would close a connection on which a
 * request has already arrived, and the client would see a reset. The servers are found by a diagnostics channel,
 * because serverless-offline does not hand them out.
 */
export function keepConnections(): void {
  subscribe("http.server.request.start", (message) => {
    (message as { readonly server: Server }).server.keepAliveTimeout = 0;
  });
}
