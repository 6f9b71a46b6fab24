import { createServer, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import { WebServer } from "../../src/web/development/server.ts";
import { listen } from "../service/listen.ts";
import type { BrowserName } from "./browser.ts";
import { Site, shownIn } from "./site.ts";

export interface Answer {
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

/**
 * A page under the policy whose module posts what it finds to another origin, since that may be too much for other
 * ways; or, in `?error=`, what it throws.
 */
export class Answers {
  /** For more files. */
  readonly site: Site;
  readonly #receiver: Server;
  readonly #web: WebServer;
  #arrived = Promise.withResolvers<Answer>();

  private constructor(site: Site, receiver: Server, web: WebServer) {
    this.site = site;
    this.#receiver = receiver;
    this.#web = web;
    receiver.on("request", (request, response) => {
      const query = new URL(request.url!, "http://localhost").searchParams;
      const error = query.get("error");
      void buffer(request).then((body) => {
        response.writeHead(204, { "access-control-allow-origin": "*" }).end();
        if (error === null) this.#arrived.resolve({ query, body });
        else this.#arrived.reject(new Error(error));
      });
    });
  }

  /** @param moduleFor gives the page's module, from the URL that it posts to */
  static async open(moduleFor: (url: string) => string): Promise<Answers> {
    const receiver = createServer();
    const [origin, site] = await Promise.all([listen(receiver), Site.open()]);
    site.write("answer.js", moduleFor(origin));
    site.writeModule(
      "page",
      `import("/answer.js").catch((error) =>
        fetch("${origin}?error=" + encodeURIComponent(error), { method: "POST" }));`,
    );
    const web = await WebServer.start({ folder: site.folder, port: 0, connect: [origin] });
    return new Answers(site, receiver, web);
  }

  /** What the page posts when it is shown in a browser of its own. */
  async of(browser: BrowserName): Promise<Answer> {
    this.#arrived = Promise.withResolvers();
    const close = await shownIn(browser, `${this.#web.url}/page.html`);
    try {
      return await this.#arrived.promise;
    } finally {
      await close();
    }
  }

  async close(): Promise<void> {
    await this.#web.stop();
    this.#receiver.close();
    await this.site.close();
  }
}
