import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { listen } from "./listen.ts";

/**
 * What may befall a request: S3's `InternalError` and `SlowDown`; the connection cut before an answer, or in the middle
 * of its body; an answer that never comes; a request that S3 carries out, and whose answer is lost.
 */
export type Fault = "500" | "503" | "cut" | "half" | "hang" | "lost";

/** Decides on a request; undefined lets it through. */
export type Mishap = (method: string, path: string) => Fault | undefined;

const ERRORS = {
  "500": ["InternalError", "We encountered an internal error. Please try again."],
  "503": ["SlowDown", "Please reduce your request rate."],
} as const;

/** Stands in front of the local S3 and lets requests fail as a test wants it. */
export class FaultyS3 {
  mishap: Mishap = () => undefined;
  /** Faults that came to pass. */
  faults = 0;
  readonly endpoint: string;
  readonly #server: Server;
  readonly #target: string;

  private constructor(server: Server, endpoint: string, target: string) {
    this.#server = server;
    this.#target = target;
    this.endpoint = endpoint;
    server.on(
      "request",
      (asked: IncomingMessage, answer: ServerResponse) => void this.#handle(asked, answer),
    );
  }

  static async start(target: string): Promise<FaultyS3> {
    const server = createServer();
    return new FaultyS3(server, await listen(server), target);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #handle(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = "", url = "" } = asked;
    const fault = this.mishap(method, decodeURIComponent(url.split("?")[0]!));
    if (fault) this.faults++;
    const body = Buffer.concat(await asked.toArray());
    if (fault === "hang") return;
    if (fault === "cut") {
      answer.destroy();
      return;
    }
    if (fault === "500" || fault === "503") {
      const [code, message] = ERRORS[fault];
      answer.writeHead(Number(fault), { "content-type": "application/xml" });
      answer.end(method === "HEAD" ? "" : `<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
      return;
    }
    const passed = request(this.#target + url, { method, headers: asked.headers });
    passed.end(body);
    const [reply] = (await once(passed, "response")) as [IncomingMessage];
    const content = Buffer.concat(await reply.toArray());
    if (fault === "lost") {
      answer.destroy();
      return;
    }
    answer.writeHead(reply.statusCode ?? 500, reply.headers);
    if (fault !== "half") answer.end(content);
    else answer.write(content.subarray(0, content.length / 2), () => answer.destroy());
  }
}
