import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { buildWeb } from "../../src/web/build/build.ts";
import { WebServer } from "../../src/web/development/server.ts";
import { launch } from "./chromium.ts";

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

  /** @param models a folder of models; by default those of the project */
  static async open(models?: string): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), "zippynet-web-"));
    await buildWeb({ out: folder, ...(models !== undefined && { models }) });
    const server = await WebServer.start({ folder, port: 0 });
    return new Site(folder, server, await launch());
  }

  /** Puts a file beside the build. */
  write(name: string, content: string | Uint8Array): void {
    mkdirSync(join(this.folder, name, ".."), { recursive: true });
    writeFileSync(join(this.folder, name), content);
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

/** A page of its own context. */
export async function watched(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(300_000); // a busy machine is slow; what hangs is ended by the suite
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(url);
  return { page, errors };
}
