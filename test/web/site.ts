import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { buildWeb } from "../../src/web/build/build.ts";
import { WebServer } from "../../src/web/development/server.ts";
import { type BrowserName, launch, needsOwn } from "./browser.ts";

/** dist/web built into a folder of its own, served with the policy, and a browser. */
export class Site {
  readonly folder: string;
  readonly server: WebServer;
  readonly browser: Browser;

  private constructor(folder: string, server: WebServer, browser: Browser) {
    this.folder = folder;
    this.server = server;
    this.browser = browser;
  }

  /**
   * @param models a folder of models; by default those of the project
   * @param browser by default the one that suites run in
   */
  static async open(models?: string, browser?: BrowserName): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), "zippynet-web-"));
    await buildWeb({ out: folder, ...(models !== undefined && { models }) });
    const server = await WebServer.start({ folder, port: 0 });
    return new Site(folder, server, await launch(browser));
  }

  /** Puts a file beside the build. */
  write(name: string, content: string | Uint8Array): void {
    mkdirSync(join(this.folder, name, ".."), { recursive: true });
    writeFileSync(join(this.folder, name), content);
  }

  /** Puts a page NAME.html beside the build that runs a module and has no content. */
  writeModule(name: string, module: string): void {
    this.write(`${name}.js`, module);
    this.write(
      `${name}.html`,
      `<!doctype html><link rel="icon" href="data:,"><script type="module" src="${name}.js"></script>`,
    );
  }

  /** As `watched`. */
  page(path: string, options: BrowserContextOptions = {}): Promise<Watched> {
    return watched(this.browser, `${this.server.url}/${path}`, options);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Watched {
  readonly page: Page;
  /** What goes wrong: console errors and warnings, exceptions, violations of the policy. */
  readonly errors: string[];
}

/** Playwright adds a sheet of this text for each screenshot. The policy keeps it out, and Firefox says so. */
const OF_SCREENSHOTS = createHash("sha256").update("body {}").digest("base64");

/** A page of its own context. */
export async function watched(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const own = needsOwn(browser, options) ? await launch("firefox", options) : undefined;
  const context = await (own ?? browser).newContext(options);
  context.on("close", () => own?.close());
  context.setDefaultTimeout(300_000); // a busy machine is slow; what hangs is ended by the suite
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("console", (message) => {
    const isWrong = message.type() === "error" || message.type() === "warning";
    if (isWrong && !message.text().includes(OF_SCREENSHOTS)) errors.push(message.text());
  });
  page.on("pageerror", (error) => {
    if (!error.message.includes(OF_SCREENSHOTS)) errors.push(String(error));
  });
  await page.goto(url);
  return { page, errors };
}

/** Shows a page in a browser of its own. What comes back closes it. */
export async function shownIn(browser: BrowserName, url: string): Promise<() => Promise<void>> {
  const own = await launch(browser);
  await watched(own, url);
  return () => own.close();
}
