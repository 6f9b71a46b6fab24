import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { psnr } from "../../src/codec/rate-distortion.ts";
import { configure, decode, fromInline } from "../../src/index.ts";
import type { ZippyImage } from "../../src/web/browser/element.ts";
import { folderPictures } from "../../src/web/development/folder-pictures.ts";
import { makeWall } from "../../src/web/development/make-wall.ts";
import { breakEven, WALL, type Wall } from "../../src/web/development/wall-document.ts";
import { withLook } from "../codec/made-look.ts";
import { violations } from "./audit.ts";
import { BROWSER, IN_BROWSER, notInFirefox } from "./browser.ts";
import { Site } from "./site.ts";
import { pixelsOf, sticksOut } from "./states.ts";

const IMAGES = fileURLToPath(new URL("../images/", import.meta.url));
const SIDE = 42;

suite(`the wall in ${BROWSER}, under the policy`, IN_BROWSER, () => {
  let site: Site;
  let wall: Wall;
  let html: string;
  const told: [number, number][] = [];
  before(async () => {
    site = await Site.open();
    const onProgress = (done: number, total: number) => told.push([done, total]);
    wall = await makeWall({ folder: IMAGES, count: 6, side: SIDE, psnr: 27, out: site.folder, onProgress });
    html = readFileSync(join(site.folder, WALL), "utf8");
  });
  after(() => site?.close());

  test("of every picture ours is no worse than the WebP beside it, and what all weigh is said", async () => {
    const originals = await folderPictures(IMAGES, 6, SIDE, assert.fail);
    const ours = [...html.matchAll(/<zippy-img src="([^"]+)"/g)].map(([, text]) => fromInline(text!));
    const webps = [...html.matchAll(/base64,([^"]+)"/g)].map(([, text]) => Buffer.from(text!, "base64"));
    assert.deepEqual([ours.length, webps.length], [6, 6]);
    for (const [i, { image }] of originals.entries()) {
      const { data } = await decode(ours[i]!, { channels: 3 });
      const own = psnr(image, { ...image, data: Uint8Array.from(data) });
      const webp = psnr(image, { ...image, data: await sharp(webps[i]).removeAlpha().raw().toBuffer() });
      assert.ok(webp >= 27 && own >= webp && own < webp + 1, `${own} dB, WebP ${webp}`);
    }
    const sum = (files: readonly Uint8Array[]) => files.reduce((all, { length }) => all + length, 0);
    assert.ok(
      Math.abs(wall.zn.file * 6 - sum(ours)) < 1e-6 && Math.abs(wall.webp.file * 6 - sum(webps)) < 1e-6,
    );
    const lines = html.split("\n");
    for (const [side, tag] of [
      ["zn", "<zippy-img "],
      ["webp", "<img "],
    ] as const) {
      const cells = lines.filter((line) => line.startsWith(tag)).join("\n");
      assert.equal(gzipSync(cells, { level: 9 }).length, wall[side].sent);
    }
    const even = breakEven(wall);
    assert.ok(even === undefined || html.includes(`pay from ${even.toLocaleString("en")} pictures on`));
    assert.deepEqual(told.at(-1), [6, 6]);
  });

  test("all are painted, the split moves by key and by hand, nothing sticks out of a phone", async () => {
    const { page, errors } = await site.page(WALL, { viewport: { width: 390, height: 844 } });
    await page.getByText(/^6 pictures decoded in [\d,]+ ms \([\d,]+ a second\), the first after/).waitFor();
    const painted = await page.evaluate(() =>
      [...document.querySelectorAll("zippy-img")].map(
        ({ shadowRoot }) => shadowRoot!.querySelector("img")!.naturalWidth,
      ),
    );
    assert.deepEqual(painted, Array(6).fill(SIDE));
    const edge = () =>
      page.evaluate(() => getComputedStyle(document.querySelector(".own")!).clipPath.replace(/\s+/g, " "));
    const before = await edge();
    await page.focus("#split");
    await page.keyboard.press("ArrowRight");
    assert.notEqual(await edge(), before);
    const { x, y, width, height } = (await page.locator("#wall").boundingBox())!;
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width - 30, y + height / 2, { steps: 4 });
    await page.mouse.up();
    assert.ok(Number(await page.inputValue("#split")) > 90, await page.inputValue("#split"));
    const under = await page.evaluate(([left, top]) => document.elementFromPoint(left, top)?.localName, [
      x + 20,
      y + 20,
    ] as const);
    assert.equal(under, "zippy-img"); // can be saved, as the split takes the pointer at its handle only
    assert.equal(await sticksOut(page), 0);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("in print both sides are whole, with the same pictures in the same rows", {
    skip: notInFirefox("its driver shows no print"),
  }, async () => {
    const { page, errors } = await site.page(WALL);
    await page.getByText(/^6 pictures decoded/).waitFor();
    await page.emulateMedia({ media: "print" });
    const [webp, own] = await page.evaluate(() =>
      [...document.querySelectorAll(".side")].map((side) =>
        [...side.children].map((picture) => picture.getBoundingClientRect().toJSON() as DOMRect),
      ),
    );
    assert.equal(own!.length, 6);
    const right = Math.max(...own!.map((box) => box.right));
    const rows = (boxes: DOMRect[]) => boxes.map(({ top, width, height }) => [top, width, height]);
    assert.deepEqual(rows(webp!), rows(own!));
    assert.ok(webp!.every((box) => box.left > right));
    assert.equal(
      await page.evaluate(() => getComputedStyle(document.querySelector(".own")!).clipPath),
      "none",
    );
    assert.equal(await page.locator("#split").isVisible(), false);
    assert.deepEqual(errors, []);
    await page.context().close();
  });
});

suite("a wall of a model with two looks", IN_BROWSER, () => {
  const COUNT = 3;
  let models: string;
  let site: Site;
  before(async () => {
    models = await withLook();
    configure({ models });
    site = await Site.open(models);
    await makeWall({ folder: IMAGES, count: COUNT, side: SIDE, psnr: 27, model: "faces", out: site.folder });
  });
  after(async () => {
    await site?.close();
    await rm(models, { recursive: true });
  });

  test("a switch paints our side by the second network, which comes when it is chosen, and not else", async () => {
    const html = readFileSync(join(site.folder, WALL), "utf8");
    const files = [...html.matchAll(/<zippy-img src="([^"]+)"/g)].map(([, text]) => fromInline(text!));
    assert.match(
      html,
      /Its network, \d+\.\d+ [kM]B more, is loaded when it is first chosen\. All numbers here/,
    );
    const { page, errors } = await site.page(WALL);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.getByText(/^3 pictures decoded in .*, the first after/).waitFor();
    assert.deepEqual(
      asked.filter((url) => url.includes("natural.safetensors")),
      [],
    );
    assert.deepEqual(await violations(page), []);
    for (const look of ["natural", "faithful"] as const) {
      await page.getByLabel(look).check();
      await page.getByText(new RegExp(`^3 pictures decoded in .* in the ${look} look\\.$`)).waitFor();
      const expected = await Promise.all(files.map((file) => decode(file, { look })));
      assert.deepEqual(
        await painted(page),
        expected.map(({ data }) => [...data]),
        look,
      );
    }
    await page.setViewportSize({ width: 360, height: 844 });
    assert.equal(await sticksOut(page), 0);
    const tops = await page.evaluate(() =>
      [...document.querySelectorAll(".choice label")].map((label) => label.getBoundingClientRect().top),
    );
    assert.equal(tops[0], tops[1], "both looks in one line");
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("a second network that does not come: our side is faithful again, and the page says why", async () => {
    const { page } = await site.page(WALL);
    await page.getByText(/^3 pictures decoded/).waitFor();
    const before = await painted(page);
    await page.context().route(/natural\.safetensors/, (route) => route.abort());
    await page.getByLabel("natural").click();
    await page.getByText(/natural\.safetensors cannot be fetched/).waitFor();
    assert.equal(await page.getByLabel("faithful").isChecked(), true);
    await page.evaluate(() =>
      Promise.all([...document.querySelectorAll<ZippyImage>("zippy-img")].map((each) => each.decode())),
    );
    assert.deepEqual(await painted(page), before);
    await page.context().close();
  });
});

/** RGBA of our pictures as they are shown. */
async function painted(page: Page): Promise<number[][]> {
  const all = await page.locator("zippy-img img").count();
  return Promise.all(Array.from({ length: all }, (_, i) => pixelsOf(page, `zippy-img >> nth=${i} >> img`)));
}

test("a folder's pictures: each once, also those within; what cannot be read is reported", async () => {
  const folder = mkdtempSync(join(tmpdir(), "zippynet-wall-"));
  try {
    mkdirSync(join(folder, "b"));
    const png = readFileSync(join(IMAGES, "parrot-64.png"));
    writeFileSync(join(folder, "a.png"), png);
    writeFileSync(join(folder, "b", "c.png"), png);
    writeFileSync(join(folder, "notes.txt"), "no picture");
    const failed: string[] = [];
    const fail = (path: string) => failed.push(path);
    writeFileSync(join(folder, "d.png"), "no picture either");
    const pictures = await folderPictures(folder, 10, 16, fail);
    assert.deepEqual(
      pictures.map(({ name, image }) => [name, image.width, image.height]),
      [
        ["a", 16, 16],
        ["c", 16, 16],
      ],
    );
    assert.deepEqual(failed, [join(folder, "d.png")]);
    rmSync(join(folder, "a.png"));
    rmSync(join(folder, "b"), { recursive: true });
    await assert.rejects(
      folderPictures(folder, 10, 16, fail),
      /^RangeError: .*expected pictures, found none that can be read/, // the command tells it without a stack
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("break-even: what is sent once over what a picture saves; never where it saves nothing", () => {
  const of = (zn: number, webp: number) =>
    breakEven({
      ...{ count: 10, side: 64, model: "m", once: 2_000_000 },
      ...{ zn: { file: 0, sent: zn, psnr: 0 }, webp: { file: 0, sent: webp, psnr: 0 } },
    });
  assert.deepEqual([of(1000, 3000), of(1000, 1000), of(2000, 1000)], [10_000, undefined, undefined]);
});
