import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { after, before, suite, test } from "node:test";
import type { Page } from "playwright-core";
import type { Look } from "../../src/codec/network/architecture.ts";
import { psnr } from "../../src/codec/rate-distortion.ts";
import { configure, decode, fromInline, toInline } from "../../src/index.ts";
import { withLook } from "../codec/made-look.ts";
import { IN_BROWSER } from "./browser.ts";
import { Site, watched } from "./site.ts";
import { changed, choose, pixelsOf, ready, settled, sticksOut } from "./states.ts";

const golden = (name: string): string =>
  toInline(readFileSync(new URL(`../golden/${name}.zn`, import.meta.url)));

suite("the page's switch between looks", IN_BROWSER, () => {
  let models: string;
  let site: Site;
  before(async () => {
    models = await withLook("portraits", ["products"]);
    configure({ models });
    site = await Site.open(models);
  });
  after(async () => {
    await site?.close();
    await rm(models, { recursive: true });
  });

  test("it paints the shown file by the second network, which comes when it is first chosen; numbers stay", async () => {
    const { page, errors, asked, letOn } = await held(site);
    assert.ok(await page.isVisible("#look")); // from the start: nothing moves when the page's own picture comes
    await settled(page);
    const file = await page.inputValue("#inline");
    const numbers = await page.innerText("#own-text");
    assert.deepEqual(await painted(page), await decoded(file, "faithful"));
    assert.match(await page.innerText("#look-size"), /^Its network, 2\.4 MB, is loaded when it is first/);
    assert.equal(asked.length, 0);
    const encodings = await countEncodings(page);

    await page.focus('input[name="look"]:checked');
    await page.keyboard.press("ArrowRight");
    await page.getByText("Loading the natural look, 2.4 MB …").waitFor();
    assert.equal(await page.getAttribute("#result", "data-look"), "coming");
    assert.equal(await page.getAttribute("#result", "aria-busy"), "true");
    assert.equal(await page.innerText("#own-name"), "ZippyNet");
    assert.deepEqual(await painted(page), await decoded(file, "faithful"));
    letOn();
    await look(page, "natural");
    assert.deepEqual(await painted(page), await decoded(file, "natural"));
    assert.equal(await page.innerText("#own-name"), "ZippyNet, natural");
    assert.equal(await page.innerText("#own-text"), numbers);
    assert.equal(await page.innerText("#own-look"), "(faithful)");
    assert.equal(await page.inputValue("#inline"), file);
    assert.match(await page.innerText("#look-size"), /^Its network is here/);
    await page.setViewportSize({ width: 390, height: 844 });
    assert.equal(await sticksOut(page), 0);

    await page.keyboard.press("ArrowLeft");
    await look(page, "faithful");
    assert.deepEqual(await painted(page), await decoded(file, "faithful"));
    await choose(page, "look", "natural");
    await look(page, "natural");
    assert.equal(asked.length, 1);
    assert.equal(await encodings(), 0);

    await page.evaluate(() => {
      const amount = document.querySelector<HTMLInputElement>("#amount")!;
      amount.value = "60";
      amount.dispatchEvent(new Event("input", { bubbles: true }));
      amount.dispatchEvent(new Event("change", { bubbles: true }));
    });
    const other = await changed(page, file);
    await settled(page);
    assert.deepEqual(await painted(page), await decoded(other, "natural"));
    const original = await pixelsOf(page, "#original");
    const [own, from] = [await decoded(other, "faithful"), original.filter((_, i) => i % 4 < 3)];
    const size = { width: 64, height: 64 };
    const decibels = psnr({ ...size, data: Uint8Array.from(from) }, { ...size, data: Uint8Array.from(own) });
    assert.ok((await page.innerText("#own-text")).endsWith(`, ${decibels.toFixed(1)} dB`));
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("what is opened is shown in the look of the switch; a model without a second look has no switch", async () => {
    const { page, errors, asked, letOn } = await held(site, {
      permissions: ["clipboard-write", "clipboard-read"],
    });
    letOn();
    await settled(page);
    await choose(page, "look", "natural");
    await look(page, "natural");
    const portrait = golden("portraits-64-q100");
    await open(page, portrait);
    assert.deepEqual(await painted(page), await decoded(portrait, "natural"));
    assert.equal(await page.isVisible("#own-look"), false); // nothing is measured
    await page.click("#copy-tag");
    await page.getByText("The tag is in the clipboard.").waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), / look="natural"><\/zippy-img>$/);

    const product = golden("products-64-q100");
    await open(page, product);
    assert.equal(await page.isVisible("#look"), false);
    assert.equal(await page.innerText("#own-name"), "ZippyNet");
    assert.deepEqual(await painted(page), await decoded(product, "faithful"));
    await open(page, portrait);
    assert.deepEqual(await painted(page), await decoded(portrait, "natural"));
    assert.equal(asked.length, 1);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("a network that does not come: the faithful look stays, and the page says so; the next choice asks again", async () => {
    const { page, letOn } = await held(site);
    await settled(page);
    await page.context().setOffline(true);
    letOn();
    await choose(page, "look", "natural");
    await page.getByText(/^The natural look did not come: .*\. The faithful one is shown\.$/).waitFor();
    assert.equal(await page.isChecked('input[value="faithful"]'), true);
    await look(page, "faithful");
    const file = await page.inputValue("#inline");
    assert.deepEqual(await painted(page), await decoded(file, "faithful"));
    await page.context().setOffline(false);
    await choose(page, "look", "natural");
    await look(page, "natural");
    assert.deepEqual(await painted(page), await decoded(file, "natural"));
    await page.context().close();
  });

  test("chosen before the page has a picture of its own, and taken back while its network loads", async () => {
    const { page, errors, letOn } = await held(site);
    await choose(page, "look", "natural");
    assert.equal(await page.getAttribute("#result", "data-look"), "coming");
    await ready(page);
    await page.getByText(/Loading its network, 2\.4 MB …$/).waitFor();
    await choose(page, "look", "faithful");
    await look(page, "faithful");
    letOn();
    await settled(page);
    assert.deepEqual(await painted(page), await decoded(await page.inputValue("#inline"), "faithful"));
    assert.deepEqual(errors, []);
    await page.context().close();
  });
});

/** A page to which the second network does not come until it is let on; it notes who asks for that. */
async function held(site: Site, options = {}) {
  const found = await watched(site.browser, "about:blank", options);
  const asked: string[] = [];
  const { promise: gate, resolve: letOn } = Promise.withResolvers<void>();
  await found.page.context().route(/natural\.safetensors/, async (route) => {
    asked.push(route.request().url());
    await gate;
    await route.continue();
  });
  await found.page.goto(`${site.server.url}/`);
  return { ...found, asked, letOn };
}

/** Waits until the page shows a look. */
async function look(page: Page, name: Look): Promise<void> {
  await page.locator(`#result[data-look="${name}"][aria-busy="false"]`).waitFor();
}

/** Opens the page's link to a picture. */
async function open(page: Page, text: string): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, text);
  await page.waitForFunction((file) => document.querySelector("textarea")!.value === file, text);
  await page.locator('#result[data-state="opened"][aria-busy="false"]').waitFor();
}

/** Counts what the page's encoder is asked for from now on. */
async function countEncodings(page: Page): Promise<() => Promise<number>> {
  type Counted = typeof globalThis & { encodings: number };
  await page.evaluate(() => {
    const counted = Object.assign(globalThis, { encodings: 0 }) as Counted;
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (this: Worker, message: { type: string }, ...more: never[]) {
      if (message.type === "encode") counted.encodings++;
      postMessage.call(this, message, ...more);
    };
  });
  return () => page.evaluate(() => (globalThis as Counted).encodings);
}

/** Red, green and blue of our picture as it is shown. */
async function painted(page: Page): Promise<number[]> {
  return (await pixelsOf(page, "#own")).filter((_, i) => i % 4 < 3);
}

/** Red, green and blue as Node decodes a file. */
async function decoded(text: string, name: Look): Promise<number[]> {
  const { data } = await decode(fromInline(text), { look: name, channels: 3 });
  return [...data];
}
