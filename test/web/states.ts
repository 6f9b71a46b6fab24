import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import type { Page } from "playwright-core";

/** Waits for the first picture that the page itself has made. */
export async function ready(page: Page): Promise<void> {
  await page.waitForFunction(() => !document.getElementById("own")!.hidden);
}

/** Waits until all that the page does of itself is done, the weights of all models included. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      document.getElementById("result")!.ariaBusy === "false" &&
      document.getElementById("weights")!.textContent.startsWith("All weights here"),
  );
}

/** Waits for another file than the one before, at rest; gives its text. */
export async function changed(page: Page, before: string): Promise<string> {
  await page.waitForFunction((text) => {
    const { value } = document.querySelector("textarea")!;
    const { state } = document.getElementById("result")!.dataset;
    return value !== text && value !== "" && (state === "done" || state === "opened");
  }, before);
  return page.inputValue("#inline");
}

/** Waits until the page says in these words that it cannot show what it was given, and wants it to stay so. */
export async function reported(page: Page, words: RegExp): Promise<void> {
  const said = page.locator("#status.bad", { hasText: words });
  await said.waitFor().catch(async (cause: unknown) => {
    throw new Error(`expected ${words}, got: ${await page.innerText("#status")}`, { cause });
  });
  await page.locator('#result[aria-busy="false"]').waitFor();
  assert.match(await page.innerText("#status"), words);
  assert.equal(await page.locator("#result").getAttribute("data-state"), "failed");
}

/** Chooses a radio button, by what a reader clicks on. */
export async function choose(page: Page, name: string, value: string): Promise<void> {
  await page.locator(`label:has(input[name="${name}"][value="${value}"]) span`).click();
}

/** Permissions of a page that uses the clipboard. */
export const CLIPBOARD = ["clipboard-read", "clipboard-write"];

/** Pastes a text by keyboard, from the clipboard; the page has to be opened with the permissions for that. */
export async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((words) => navigator.clipboard.writeText(words), text);
  await page.locator("body").press("ControlOrMeta+v");
}

type WithSaved = typeof globalThis & { saved?: { name: string; blob: Blob } };

/** What the page saves when a button is clicked. */
export async function savedBy(page: Page, button: string): Promise<{ name: string; content: Buffer }> {
  if (page.context().browser()!.browserType().name() === "chromium") {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
    return { name: download.suggestedFilename(), content: readFileSync(await download.path()) };
  }
  // Firefox saves it, but Playwright hears nothing of a download that is no navigation: what it is given is read
  await page.evaluate(() => {
    const { createObjectURL } = URL;
    URL.createObjectURL = (blob: Blob) => {
      HTMLAnchorElement.prototype.click = function () {
        (globalThis as WithSaved).saved = { name: this.download, blob };
      };
      return createObjectURL(blob);
    };
  });
  await page.click(button);
  const name = await page.evaluate(() => (globalThis as WithSaved).saved!.name);
  const text = await page.evaluate(() => (globalThis as WithSaved).saved!.blob.text());
  return { name, content: Buffer.from(text) };
}

/** Drops a file on the page. */
export async function drop(page: Page, name: string, content: Uint8Array, type = ""): Promise<void> {
  await page.evaluate(
    ({ bytes, called, kind }) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([Uint8Array.from(bytes)], called, { type: kind }));
      document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer }));
    },
    { bytes: [...content], called: name, kind: type },
  );
}

/** RGBA of the pixels of a canvas or an image. */
export function pixelsOf(page: Page, selector: string): Promise<number[]> {
  return page.locator(selector).evaluate((shown: HTMLCanvasElement | HTMLImageElement) => {
    const isCanvas = shown instanceof HTMLCanvasElement;
    const [width, height] = isCanvas
      ? [shown.width, shown.height]
      : [shown.naturalWidth, shown.naturalHeight];
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
    context.drawImage(shown, 0, 0);
    return [...context.getImageData(0, 0, width, height).data];
  });
}

/** Pixels that a page is wider than its window has room for, beside a scroll bar. */
export function sticksOut(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
}

/** The number of sheets of A4 that a page takes in print. */
export async function sheets(page: Page): Promise<number> {
  // Playwright 1.64 hands Firefox inches as centimetres
  const unit = page.context().browser()!.browserType().name() === "firefox" ? "in" : "cm";
  const [width, height, edge] = [21, 29.7, 1.5].map((length) => `${length}${unit}`);
  const margin = { top: edge!, right: edge!, bottom: edge!, left: edge! };
  const pdf = await page.pdf({ width: width!, height: height!, margin });
  const parts = [pdf];
  for (const { 0: keyword, index } of pdf.toString("latin1").matchAll(/(?<!end)stream\r?\n/g)) {
    try {
      parts.push(inflateSync(pdf.subarray(index + keyword.length)));
    } catch {
      // a stream that is not compressed
    }
  }
  const counts = parts.flatMap((part) => [...part.toString("latin1").matchAll(/\/Count (\d+)/g)]);
  return Math.max(...counts.map(([, count]) => Number(count)));
}
