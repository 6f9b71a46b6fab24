import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { Page } from "playwright-core";
import { buildOffline } from "../../src/web/build/build-page.ts";
import { listen, originOf } from "../service/listen.ts";
import { IN_BROWSER } from "./browser.ts";
import { Site, watched } from "./site.ts";

suite("what the page keeps for use off line", IN_BROWSER, () => {
  let site: Site;
  let server: Server;
  /** Requests that are being answered: a browser that closes may leave some. */
  const open = new Set<Promise<void>>();
  before(async () => {
    site = await Site.open();
    server = createServer((request, response) => {
      const answered = forward(site.server.url + request.url, response).finally(() => open.delete(answered));
      open.add(answered);
    });
    await listen(server);
  });
  after(async () => {
    await site?.browser.close();
    await Promise.all(open);
    await new Promise((resolve) => server?.close(resolve));
    await site?.close();
  });

  test("a new version is the server's, also where browsers may keep files for a day", async () => {
    const url = `${originOf(server)}/`;
    const { page, errors } = await watched(site.browser, url);
    await page.evaluate(() => navigator.serviceWorker.ready);
    const old = await kept(page);
    assert.match(old.style, /color-scheme/);
    site.write("page.css", "/* the new one */");
    rmSync(join(site.folder, "offline.js"));
    await buildOffline(site.folder);
    await page.evaluate(async () => {
      const { installing, waiting } = await (await navigator.serviceWorker.ready).update();
      const worker = installing ?? waiting;
      while (worker?.state === "installing") await new Promise((resolve) => setTimeout(resolve, 20));
    });
    // Chromium may leave the old version at work while its page is open, though the new one asks to skip that wait
    const again = await page.context().newPage();
    await page.close();
    await again.goto(url);
    await again.evaluate(async (name) => {
      while (await caches.has(name)) await new Promise((resolve) => setTimeout(resolve, 20));
    }, old.name);
    assert.match((await kept(again)).style, /the new one/);
    assert.deepEqual(errors, []);
    await again.context().close();
  });
});

/** Answers with what another server has, to be kept for a day. */
async function forward(url: string, response: ServerResponse): Promise<void> {
  const answer = await fetch(url);
  const type = answer.headers.get("content-type")!;
  response.writeHead(answer.status, { "content-type": type, "cache-control": "max-age=86400" });
  response.end(new Uint8Array(await answer.arrayBuffer()));
}

/** The page's cache, and the style sheet in it. */
async function kept(page: Page): Promise<{ name: string; style: string }> {
  return page.evaluate(async () => {
    const name = (await caches.keys()).find((each) => each.startsWith("zippynet-page-"))!;
    const style = await (await caches.open(name)).match("page.css");
    return { name, style: await style!.text() };
  });
}
