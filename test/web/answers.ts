import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

/** Where a page that is not driven tells what it found: with a POST, or in `?error=` what went wrong. */
export class Answers {
  readonly origin: string;
  readonly #server: Server;
  #arrived = Promise.withResolvers<Answer>();

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
      response.writeHead(204, { "access-control-allow-origin": "*" }).end();
      const query = new URL(request.url!, this.origin).searchParams;
      const error = query.get("error");
      if (error === null) this.#arrived.resolve({ query, body: Buffer.concat(parts) });
      else this.#arrived.reject(new Error(error));
    });
  }

  static async open(): Promise<Answers> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Answers(server);
  }

  /** What a page that `show` opens tells; then `show`'s own result closes it. */
  async of(show: () => Promise<() => Promise<void>>): Promise<Answer> {
    this.#arrived = Promise.withResolvers();
    const close = await show();
    return this.#arrived.promise.finally(close);
  }

  close(): void {
    this.#server.close();
  }
}
