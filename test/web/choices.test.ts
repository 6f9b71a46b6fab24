import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { Page } from "playwright-core";
import { IN_BROWSER } from "./browser.ts";
import { Site } from "./site.ts";
import { settled } from "./states.ts";

/** What the browser read when it was let go on. */
type WithRead = typeof globalThis & { read?: ImageBitmap };

suite("of choices in quick succession the last is shown", IN_BROWSER, () => {
  let site: Site;
  before(async () => {
    site = await Site.open();
  });
  after(() => site?.close());

  test("another codec: WebP that comes late does not stand under JPEG; what cannot be written is reported", async () => {
    const { page, errors } = await studied(site);
    await choose(page, "image/jpeg");
    await named(page, "JPEG");
    await page.evaluate(() => {
      const { toBlob } = HTMLCanvasElement.prototype;
      const goOn = new Promise((resolve) => addEventListener("go-on", resolve));
      HTMLCanvasElement.prototype.toBlob = function (done, type, quality) {
        const write = (): void => toBlob.call(this, done, type, quality);
        if (type === "image/webp") void goOn.then(write);
        else write();
      };
    });
    await noteRead(page, "image/webp");
    await choose(page, "image/webp");
    await page.evaluate(() => {
      document.getElementById("peer-name")!.innerText = "";
    });
    await choose(page, "image/jpeg");
    await named(page, "JPEG");
    await page.evaluate(() => dispatchEvent(new Event("go-on")));
    await page.waitForFunction(() => (globalThis as WithRead).read?.width === 0); // it is closed, not shown
    assert.equal(await page.innerText("#peer-name"), "JPEG");

    await page.evaluate(() => {
      HTMLCanvasElement.prototype.toBlob = (done) => done(null);
    });
    await choose(page, "image/webp");
    await page.waitForFunction(
      () => document.getElementById("status")!.innerText === "this browser does not write image/webp",
    );
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("another picture: a photograph that is still being read gives way to a sample", async () => {
    const { page, errors } = await studied(site);
    await noteRead(page, "image/bmp");
    await page.evaluate(async () => {
      const photo = await (await fetch("samples/shoes-64.png")).blob();
      const transfer = new DataTransfer();
      transfer.items.add(new File([photo], "photo.bmp", { type: "image/bmp" }));
      document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer: transfer }));
    });
    const sample = page.getByRole("button", { name: "parrot" });
    await sample.click();
    await page.waitForFunction(
      () => document.querySelector('[alt="parrot"]')!.parentElement!.ariaPressed === "true",
    );
    await page.evaluate(() => dispatchEvent(new Event("go-on")));
    await page.waitForFunction(() => (globalThis as WithRead).read?.width === 0); // it is closed, not shown
    assert.equal(await sample.getAttribute("aria-pressed"), "true");
    assert.deepEqual(errors, []);
    await page.context().close();
  });
});

/** The page when it has done all that it does with the first sample. */
async function studied(site: Site) {
  const watched = await site.page("");
  await settled(watched.page);
  return watched;
}

/** Makes the browser read pictures of a type only when it is let `go-on`, and keeps what comes of one. */
async function noteRead(page: Page, type: string): Promise<void> {
  await page.evaluate((held) => {
    const read = globalThis.createImageBitmap.bind(globalThis) as (...all: unknown[]) => Promise<ImageBitmap>;
    const goOn = new Promise((resolve) => addEventListener("go-on", resolve));
    globalThis.createImageBitmap = async (...all: unknown[]) => {
      if (!(all[0] instanceof Blob) || all[0].type !== held) return read(...all);
      await goOn;
      const bitmap = await read(...all);
      (globalThis as WithRead).read = bitmap;
      return bitmap;
    };
  }, type);
}

async function choose(page: Page, peer: string): Promise<void> {
  await page.evaluate((value) => document.querySelector<HTMLElement>(`[value="${value}"]`)!.click(), peer);
}

async function named(page: Page, peer: string): Promise<void> {
  await page.waitForFunction((text) => document.getElementById("peer-name")!.innerText === text, peer);
}
