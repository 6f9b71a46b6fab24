import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export interface Answer {
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

/** Where a page reports what it found, if that is much: with a POST, or in `?error=` what went wrong. */
export class Answers {
  readonly origin: string;
  readonly #server: Server;
  #arrived = Promise.withResolvers<Answer>();

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => {
      const query = new URL(request.url!, this.origin).searchParams;
      const error = query.get("error");
      void buffer(request).then((body) => {
        response.writeHead(204, { "access-control-allow-origin": "*" }).end();
        if (error === null) this.#arrived.resolve({ query, body });
        else this.#arrived.reject(new Error(error));
      });
    });
  }

  static async open(): Promise<Answers> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Answers(server);
  }

  /** What a page that `show` opens reports; then `show`'s own result closes it. */
  async of(show: () => Promise<() => Promise<void>>): Promise<Answer> {
    this.#arrived = Promise.withResolvers();
    const close = await show();
    try {
      return await this.#arrived.promise;
    } finally {
      await close();
    }
  }

  close(): void {
    this.#server.close();
  }
}
