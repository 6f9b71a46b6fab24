/** What `npm test` runs in Firefox, in short. All suites run in it by ZIPPYNET_BROWSER=firefox. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { decode, fromInline, toInline } from "../../src/index.ts";
import { makeWall } from "../../src/web/development/make-wall.ts";
import { WALL } from "../../src/web/development/wall-document.ts";
import { zippynet } from "../cli/run.ts";
import { launch, missing } from "./browser.ts";
import { Site, watched } from "./site.ts";
import { CLIPBOARD, changed, drop, paste, pixelsOf, settled, sheets } from "./states.ts";

const IMAGES = fileURLToPath(new URL("../images/", import.meta.url));
const golden = (name: string): Buffer => readFileSync(new URL(`../golden/${name}.zn`, import.meta.url));

suite("in short, in Firefox", { skip: missing("firefox"), timeout: 600_000 }, () => {
  let site: Site;
  before(async () => {
    site = await Site.open(undefined, "firefox");
  });
  after(() => site?.close());

  test("the page: in print; its file is the command line's; the slider; a text pasted, a file dropped", async () => {
    const { page, errors } = await site.page("", { permissions: CLIPBOARD });
    await settled(page);
    assert.equal(await sheets(page), 2);
    let text = await page.inputValue("#inline");
    const [most] = /\d+/.exec(await page.innerText("#amount-text"))!;
    const [model] = (await page.innerText("#model-text")).split(":");
    const options = { raw: { width: 64, height: 64, channels: 4 } } as const;
    const input = await sharp(Buffer.from(await pixelsOf(page, "#original")), options)
      .png()
      .toBuffer();
    const wish = ["--model", model!, "--max-bytes", most, "-o", "-"];
    const { out, err } = await zippynet(["encode", "-", ...wish], { input });
    assert.equal(text, toInline(out), err);

    await page.focus("#amount");
    await page.keyboard.press("PageDown");
    text = await changed(page, text);
    assert.ok(fromInline(text).length < out.length);
    assert.deepEqual(await pixelsOf(page, "#own"), await decoded(text));

    const pasted = toInline(golden("made-48x32-q90"));
    await paste(page, `<zippy-img src="${pasted}" width="48" height="32"></zippy-img>`);
    assert.equal(await changed(page, text), pasted);
    assert.deepEqual(await pixelsOf(page, "#own"), await decoded(pasted));
    const file = golden("photograph-1-42-q50");
    await drop(page, "a.zn", file);
    assert.equal(await changed(page, pasted), toInline(file));
    assert.deepEqual(await pixelsOf(page, "#own"), await decoded(toInline(file)));
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("<zippy-img> and the wall: Node's pixels", async () => {
    await makeWall({ folder: IMAGES, count: 3, side: 42, psnr: 27, model: "faces", out: site.folder });
    const { page, errors } = await site.page(WALL);
    await page.getByText(/^3 pictures decoded in /).waitFor();
    const html = readFileSync(join(site.folder, WALL), "utf8");
    const texts = [...html.matchAll(/<zippy-img src="([^"]+)"/g)].map(([, text]) => text!);
    assert.equal(texts.length, 3);
    for (const [i, text] of texts.entries())
      assert.deepEqual(await pixelsOf(page, `zippy-img >> nth=${i} >> img`), await decoded(text));
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("a browser that hides pixels: the page says so and makes no picture of noise; what is made is shown", async () => {
    const browser = await launch("firefox", { resistsFingerprinting: true });
    try {
      const { page } = await watched(browser, `${site.server.url}/`);
      await page.locator("#status.bad").waitFor();
      assert.match(
        await page.innerText("#status"),
        /^expected the pixels of a canvas, got noise: .* Allow this page/,
      );
      assert.equal(await page.inputValue("#inline"), "");
      await page.goto(`${site.server.url}/#${toInline(golden("photograph-1-42-q50"))}`);
      await page.reload();
      await page.locator('#result[data-state="opened"]').waitFor();
    } finally {
      await browser.close();
    }
  });
});

/** RGBA as Node decodes a file. */
async function decoded(text: string): Promise<number[]> {
  return [...(await decode(fromInline(text))).data];
}
