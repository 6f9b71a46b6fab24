import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import type { Page } from "playwright-core";
import { info, toInline } from "../../src/index.ts";
import { readCode } from "../../src/qr/code-image.ts";
import { readPayload } from "../../src/qr/payload.ts";
import { IN_BROWSER } from "./browser.ts";
import { Site } from "./site.ts";
import { CLIPBOARD, changed, choose, paste, reported, savedBy, settled } from "./states.ts";

const golden = (name: string): Buffer => readFileSync(new URL(`../golden/${name}.zn`, import.meta.url));

suite("the page opens what it makes", IN_BROWSER, () => {
  let site: Site;
  before(async () => {
    site = await Site.open();
  });
  after(() => site?.close());

  test("a .zn file, its text and a link are shown as they came; what is set makes another file", async () => {
    const { page, errors } = await site.page("", { permissions: CLIPBOARD });
    await settled(page);
    const made = golden("photograph-1-42-q50");
    let before = await page.inputValue("#inline");
    await page.setInputFiles("#file", { name: "a.zn", mimeType: "application/octet-stream", buffer: made });
    before = await changed(page, before);
    assert.equal(before, toInline(made));
    assert.equal(await page.innerText("#headline"), `${made.length} bytes.`);
    assert.equal(await page.locator("#peers").isVisible(), false);

    const wide = toInline(golden("made-48x32-q90"));
    await paste(page, `<zippy-img src="${wide}" width="48" height="32"></zippy-img>`);
    before = await changed(page, before);
    assert.equal(before, wide);
    assert.match((await page.textContent("#original-text"))!, /^48×32 pixels/);

    await page.evaluate((text) => {
      location.hash = text;
    }, toInline(made));
    before = await changed(page, before);
    assert.equal(before, toInline(made));
    await page.focus("#crop");
    await page.keyboard.press("+");
    const other = await changed(page, before);
    assert.equal(info(new Uint8Array(Buffer.from(other, "base64url"))).width, 64);
    assert.equal(await page.locator("#peers").isVisible(), true);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("a slider that has the focus takes no paste; words dropped into a field of text go there", async () => {
    const { page, errors } = await site.page("", { permissions: CLIPBOARD });
    await settled(page);
    const before = await page.inputValue("#inline");
    const made = toInline(golden("photograph-1-42-q50"));
    await page.evaluate((words) => navigator.clipboard.writeText(words), made);
    await page.focus("#amount");
    await page.keyboard.press("ControlOrMeta+v");
    assert.equal(await changed(page, before), made);
    const taken = await page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.setData("text/plain", "Anna");
      const event = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer });
      document.querySelector("#qr-text")!.dispatchEvent(event);
      return event.defaultPrevented;
    });
    assert.equal(taken, false);
    assert.equal(await page.inputValue("#inline"), made);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("a QR code: the SVG that it saves, a picture of it; the command line reads the SVG as well", async () => {
    const { page, errors } = await site.page("");
    await settled(page);
    const file = await page.inputValue("#inline");
    await page.fill("#qr-text", "Anna Müller, room 12");
    const svg = await saved(page);
    const { text, file: inCode } = readPayload(await readCode(svg));
    assert.deepEqual([text, toInline(inCode)], ["Anna Müller, room 12", file]);
    assert.match(svg.toString(), /<svg [^>]*width="[\d.]+mm" height="[\d.]+mm"/);
    const png = await page.locator("#qr svg").screenshot();
    for (const [name, mimeType, buffer] of [
      ["code.svg", "image/svg+xml", svg],
      ["code.png", "image/png", png],
    ] as const) {
      await page.getByRole("button", { name: "parrot" }).click();
      const before = await changed(page, file);
      await page.fill("#qr-text", "");
      await page.setInputFiles("#file", { name, mimeType, buffer });
      assert.equal(await changed(page, before), file, name);
      assert.equal(await page.inputValue("#qr-text"), "Anna Müller, room 12", name);
    }
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("a code that is a link: it opens the page with the picture, off line too", async () => {
    const { page, errors } = await site.page("");
    await settled(page);
    const file = await page.inputValue("#inline");
    await choose(page, "qr-kind", "link");
    const svg = await saved(page);
    const link = Buffer.from(await readCode(svg)).toString();
    assert.equal(link, `${site.server.url}/#${file}`);
    assert.equal(toInline(readPayload(await readCode(svg)).file), file);
    await page.evaluate(async () => {
      const { active } = await navigator.serviceWorker.ready;
      await new Promise<void>((resolve) => {
        const look = (): void => (active!.state === "activated" ? resolve() : undefined);
        active!.addEventListener("statechange", look);
        look();
      });
    });
    await page.context().setOffline(true);
    const phone = await page.context().newPage();
    await phone.goto(link);
    await phone.waitForFunction(() => document.getElementById("result")!.dataset["state"] === "opened");
    assert.equal(await phone.inputValue("#inline"), file);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("what it cannot open is reported, with all cleared: the address of a picture", async () => {
    const { page, errors } = await site.page("");
    await settled(page);
    await page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.setData("text/uri-list", "https://example.com/a.jpg");
      document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer }));
    });
    await page.getByText(/address of a picture, which this page may not fetch/).waitFor();
    assert.equal(await page.inputValue("#inline"), "");
    assert.equal(await page.innerText("#own-text"), "");
    assert.equal(await page.locator("#qr svg").count(), 0);
    assert.ok(await page.isDisabled("#copy"));
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("what it cannot open while it still works at a picture is what it reports at the end", async () => {
    const { page, errors } = await site.page("");
    await settled(page);
    await page.evaluate(async () => {
      document.querySelectorAll<HTMLElement>("#samples button")[1]!.click();
      const card = document.getElementById("result")!;
      while (card.dataset["state"] !== "busy") await new Promise((resolve) => setTimeout(resolve));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["hello"], "a.txt"));
      document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer }));
    });
    await settled(page);
    await reported(page, /expected a picture that this browser reads, got 5 bytes/);
    assert.equal(await page.inputValue("#inline"), "");
    assert.deepEqual(errors, []);
    await page.context().close();
  });
});

/** The SVG that the page saves. */
async function saved(page: Page): Promise<Buffer> {
  const { name, content } = await savedBy(page, "#qr-download");
  assert.equal(name, "code.svg");
  return content;
}
