import { subscribe } from "node:diagnostics_channel";
import type { Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Waits before the second and the third attempt, in milliseconds; Lambda waits a minute and two. */
const RETRIES = [1000, 2000];

/** Functions that run at a time; they share one process here. */
const AT_ONCE = 4;

/**
 * Lambda's asynchronous invocation: events wait in a queue, and one whose function fails is tried twice more.
 */
export class Invoker {
  readonly #endpoint: string;
  readonly #waiting: { readonly functionName: string; readonly event: unknown }[] = [];
  #running = 0;

  /** `endpoint` is that of a server with Lambda's invocation API. */
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

  /** Runs a function and waits for it; returns what went wrong, if anything. */
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
 * From now on no HTTP server of this process closes a connection because it is idle; its client does, or the end of the
 * process. All servers here share one thread with the functions. While it computes, seconds at a time under load,
 * nothing is read, and afterwards Node looks at its timers before its sockets: a connection's time is over although its
 * next request has come, and the client sees a reset. By the channel, as serverless-offline gives its servers to
 * nobody.
 */
export function keepConnections(): void {
  subscribe("http.server.request.start", (message) => {
    (message as { readonly server: Server }).server.keepAliveTimeout = 0;
  });
}
