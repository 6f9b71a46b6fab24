import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { Page } from "playwright-core";
import { encode, info } from "../../src/index.ts";
import { openModels } from "../../src/model/folder.ts";
import { usualModels } from "../../src/model/models.ts";
import { IN_BROWSER } from "./browser.ts";
import { Site, watched } from "./site.ts";
import { changed, choose, ready, settled } from "./states.ts";

/** What the page asked its workers for, and when the encoder's answers came. */
type WithCount = typeof globalThis & { asked: { type: string; draft?: boolean }[] };

suite("the slider and the models", IN_BROWSER, () => {
  let site: Site;
  before(async () => {
    site = await Site.open();
  });
  after(() => site?.close());

  test("bytes take at most twice the time of a quality, in as many encodings", async () => {
    const { page, errors } = await counted(site);
    await settled(page);
    const took = { quality: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
    const asked: number[] = [];
    const ratio = (): number => took.bytes / took.quality;
    await page.focus("#crop");
    // each picture is another crop, and new to the encoder. Other work makes a picture take longer, never shorter: the
    // shortest times are compared, and are looked for until they agree
    for (let round = 0; round < 2 || (round < 10 && ratio() > 2); round++) {
      for (const target of ["quality", "bytes"] as const) {
        const before = await page.inputValue("#inline");
        await choose(page, "target", target);
        await changed(page, before);
        await settled(page);
        const now = await page.inputValue("#inline");
        await page.focus("#crop");
        const { milliseconds, encodes } = await page.evaluate(timed, now);
        took[target] = Math.min(took[target], milliseconds);
        asked.push(encodes);
        await settled(page);
      }
    }
    console.log(`bytes take ${ratio().toFixed(2)} times the time of a quality`);
    assert.ok(ratio() <= 2, JSON.stringify(took));
    assert.ok(
      asked.every((encodes) => encodes === 1),
      asked.join(),
    );
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("the picture follows the slider while it moves; when it rests the best file comes", async () => {
    const { page, errors } = await counted(site);
    await settled(page);
    await page.evaluate(() => {
      (globalThis as WithCount).asked = [];
    });
    let text = await page.inputValue("#inline");
    for (const place of ["30", "40", "50"]) {
      const most = await page.evaluate((value) => {
        const amount = document.querySelector<HTMLInputElement>("#amount")!;
        amount.value = value;
        amount.dispatchEvent(new Event("input", { bubbles: true }));
        return Number(/\d+/.exec(document.getElementById("amount-text")!.innerText)![0]);
      }, place);
      await page.waitForFunction(
        (old) =>
          document.getElementById("result")!.dataset["state"] === "moving" &&
          document.querySelector("textarea")!.value !== old,
        text,
      );
      text = await page.inputValue("#inline");
      const { bytes } = info(new Uint8Array(Buffer.from(text, "base64url")));
      assert.ok(bytes <= most && bytes > most * 0.8, `${bytes} bytes of ${most}`);
      assert.match(await page.innerText("#own-text"), new RegExp(`^${bytes} bytes, `));
    }
    const drafts = await page.evaluate(() => (globalThis as WithCount).asked);
    assert.deepEqual(
      drafts.map(({ type, draft }) => [type, draft]),
      Array(3).fill(["encode", true]),
    );
    await page.dispatchEvent("#amount", "change");
    await page.waitForFunction(() => document.getElementById("result")!.dataset["state"] === "done");
    const decibels = (line: string): number => Number(/([\d.]+) dB/.exec(line)![1]);
    assert.ok(decibels(await page.innerText("#own-text")) > 20);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("the slider begins at the bytes of quality 1, and there it makes the file that the library makes", async () => {
    const { page, errors } = await counted(site);
    await settled(page);
    const before = await page.inputValue("#inline");
    await page.focus("#amount");
    await page.keyboard.press("Home");
    await changed(page, before);
    const least = Number(/^≤ (\d+) B$/.exec(await page.innerText("#amount-text"))![1]);
    const [model] = (await page.innerText("#model-text")).split(":");
    const rgba = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>("#original")!;
      return [...canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data];
    });
    const image = { width: 64, height: 64, data: Uint8ClampedArray.from(rgba) };
    const same = await encode(image, { maxBytes: least, model: model!, classical: false });
    assert.ok(same.length <= least && same.length > least - 4, `${same.length} of ${least} bytes`);
    assert.equal(await page.inputValue("#inline"), Buffer.from(same).toString("base64url"));
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("weights come in the order of need; a better model makes the picture again, and the page says so", async () => {
    const { page } = await watched(site.browser, "about:blank");
    const context = page.context();
    const loaded: string[] = [];
    let letOn = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      letOn = resolve;
    });
    await context.route(/\/models\/\d+-.*safetensors/, async (route) => {
      const number = /models\/(\d+)-/.exec(route.request().url())![1]!;
      if (!loaded.includes(number)) loaded.push(number);
      if (number !== loaded[0]) await held;
      await route.continue();
    });
    await page.goto(`${site.server.url}/`);
    await ready(page);
    const before = await page.inputValue("#inline");
    await page.getByRole("button", { name: "red shirt" }).click();
    await changed(page, before);
    const [first] = (await page.innerText("#model-text")).split(":");
    assert.match(first!, /^portraits/);
    await page
      .getByText(new RegExp(`^Weights here: ${first} \\d\\.\\d MB\\. Coming: [\\w-]+ \\d\\.\\d MB`))
      .waitFor();
    letOn();
    const words = new RegExp(`Made again with [\\w-]+, whose weights have come: .*; with ${first} `);
    await page.getByText(words).waitFor();
    await settled(page);
    assert.doesNotMatch(await page.innerText("#model-text"), /^portraits/);
    const usual = usualModels((await openModels()).list());
    assert.deepEqual(loaded.map(Number).sort(), usual.map(({ number }) => number).sort());
    await context.close();
  });
});

/** Moves the crop by a key, and waits for its picture. */
async function timed(before: string): Promise<{ milliseconds: number; encodes: number }> {
  const [inline, card] = [document.querySelector("textarea")!, document.getElementById("result")!];
  (globalThis as WithCount).asked = [];
  const start = performance.now();
  document.activeElement!.dispatchEvent(new KeyboardEvent("keydown", { key: "+", bubbles: true }));
  while (inline.value === before || card.dataset["state"] !== "done")
    await new Promise((resolve) => setTimeout(resolve));
  const milliseconds = performance.now() - start;
  const encodes = (globalThis as WithCount).asked.filter(({ draft }) => !draft).length;
  return { milliseconds, encodes };
}

/** A page that notes what its encoder is asked for. */
async function counted(site: Site): Promise<{ page: Page; errors: string[] }> {
  const found = await watched(site.browser, "about:blank");
  await found.page.addInitScript(() => {
    const noted = Object.assign(globalThis, { asked: [] }) as WithCount;
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (this: Worker, message: { type: string }, ...more: never[]) {
      if (message.type === "encode") noted.asked.push({ ...message });
      postMessage.call(this, message, ...more);
    };
  });
  await found.page.goto(`${site.server.url}/`);
  return found;
}
