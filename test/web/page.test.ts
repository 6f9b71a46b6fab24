import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readImage } from "../../src/image/read.ts";
import { decode, fromInline, info, toInline } from "../../src/index.ts";
import { openModels } from "../../src/model/folder.ts";
import { type ModelSummary, usualModels } from "../../src/model/models.ts";
import { readCode } from "../../src/qr/code-image.ts";
import { readPayload } from "../../src/qr/payload.ts";
import { Local } from "../service/local.ts";
import { BROWSER, IN_BROWSER, launch } from "./browser.ts";
import { Site, watched } from "./site.ts";
import { changed, choose, ready, reported, settled, sheets, sticksOut } from "./states.ts";

/** Where screenshots are left, to be looked at. */
const SHOTS = fileURLToPath(new URL("../../dist/screenshots/", import.meta.url));

/** Pixels by which the numbers of both pictures are wider than the pictures. */
function namesStickOut(): number {
  const { scrollWidth, clientWidth } = document.querySelector(".names")!;
  return scrollWidth - clientWidth;
}

suite(`the page in ${BROWSER}, under the policy`, IN_BROWSER, () => {
  let site: Site;
  let usual: readonly ModelSummary[];
  before(async () => {
    site = await Site.open();
    usual = usualModels((await openModels()).list());
    mkdirSync(SHOTS, { recursive: true });
  });
  after(() => site?.close());

  for (const [name, options] of [
    ["desktop-light", { viewport: { width: 1280, height: 900 }, colorScheme: "light" }],
    ["phone-dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }],
  ] as const) {
    test(`${name}: a sample is encoded, compared, inline, in a code; nothing sticks out`, async () => {
      const { page, errors } = await site.page("", options);
      await settled(page);
      assert.equal(await sheets(page), 2);
      await page.click("summary");
      await page.waitForFunction(() => document.querySelectorAll("#curve circle.own").length === 9);
      await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
      const file = fromInline(await page.inputValue("#inline"));
      const told = info(file);
      assert.ok(told.kind === "latents");
      assert.deepEqual([told.width, told.height], [64, 64]);
      const within = Number(/\d+/.exec(await page.innerText("#amount-text"))![0]);
      assert.ok(file.length <= within && within <= 120, `${file.length} bytes of at most ${within}`);
      assert.match(await page.innerText("#own-text"), new RegExp(`^${file.length} bytes, 2\\d\\.\\d dB$`));
      assert.match(
        await page.innerText("#headline"),
        new RegExp(`^${file.length} bytes\\. WebP needs \\d+ for a worse one\\.$`),
      );
      assert.match(
        await page.innerText("#model-text"),
        /^portraits[\w-]*: Portraits.*; licence: CC-BY-4\.0$/,
      );
      const weights =
        /^All weights here: (.*)\.$/.exec(await page.innerText("#weights"))?.[1]?.split(", ") ?? [];
      assert.deepEqual(
        weights.map((each) => each.replace(/ \d\.\d MB$/, "")).sort(), // in the order in which they came
        usual.map(({ name }) => name).sort(),
      );
      assert.equal(await sticksOut(page), 0);
      const code = await page.locator("#qr svg").screenshot();
      assert.deepEqual(Buffer.from(readPayload(await readCode(code)).file), Buffer.from(file));
      await page.setViewportSize({ width: 320, height: 640 });
      assert.equal(await page.evaluate(namesStickOut), 0);
      assert.deepEqual(errors, []);
      await page.context().close();
    });
  }

  test("the first picture is there before any script or weight, with the build's numbers and its own text", async () => {
    const { page } = await site.page("", { javaScriptEnabled: false });
    const file = fromInline(await page.inputValue("#inline"));
    assert.match(
      await page.innerText("#headline"),
      new RegExp(`^${file.length} bytes\\. WebP needs \\d+ for a worse one\\.$`),
    );
    const picture = await decode(file);
    const { image } = await readImage(readFileSync(join(site.folder, "first/own.png")));
    assert.deepEqual(Buffer.from(image.data), Buffer.from(picture.data.filter((_, i) => i % 4 < 3)));
    await page.context().close();
  });

  test("by keyboard: quality as target, another size, the crop, the split", async () => {
    const { page, errors } = await site.page("");
    await settled(page);
    const before = await page.inputValue("#inline");
    await page.focus('input[name="target"]:checked');
    await page.keyboard.press("ArrowLeft");
    await changed(page, before);
    const within = await page.inputValue("#inline");
    const told = info(fromInline(within));
    assert.equal(told.kind === "latents" && told.quality, Number(await page.innerText("#amount-text")));
    await page.focus("#split");
    await page.keyboard.press("ArrowRight");
    assert.equal(
      await page.evaluate(() => document.getElementById("views")!.style.getPropertyValue("--at")),
      "51%",
    );
    await page.click("summary");
    await page.focus("#side");
    await page.selectOption("#side", "42");
    await changed(page, within);
    const small = await page.inputValue("#inline");
    assert.equal(info(fromInline(small)).width, 42);
    await page.focus("#crop");
    for (const key of ["+", "+", "ArrowRight"]) await page.keyboard.press(key);
    await changed(page, small);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("a photograph of 24 megapixels is taken and the page stays awake; HEIC and text are refused in words", async () => {
    const { page, errors } = await site.page("");
    await settled(page);
    // other work may hold the page up as well: the best of a few photographs shows what the page itself does
    let asleep = 1;
    for (let photograph = 0; photograph < 5 && asleep >= 0.5; photograph++)
      asleep = Math.min(asleep, await page.evaluate(shareAsleep, photograph));
    assert.ok(asleep < 0.5, `the page slept for ${asleep.toFixed(2)} of the time in one piece`);
    const heic = Buffer.from("....ftypheic........mif1heic", "latin1");
    for (const [name, mimeType, buffer, message] of [
      ["a.heic", "image/heic", heic, /does not read HEIC: save the picture as JPEG/],
      [
        "a.txt",
        "text/plain",
        Buffer.from("hello"),
        /expected a picture that this browser reads, got 5 bytes/,
      ],
    ] as const) {
      await page.setInputFiles("#file", { name, mimeType, buffer });
      await reported(page, message);
    }
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("the camera, and the clipboard", async () => {
    const { page, errors } = await site.page("", {
      permissions: ["camera", "clipboard-read", "clipboard-write"],
    });
    await settled(page);
    const before = await page.inputValue("#inline");
    await page.click("#camera");
    await page.click("#shoot");
    await changed(page, before);
    await page.click("#copy-tag");
    await page.getByText("The tag is in the clipboard.").waitFor();
    const tag = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(
      tag,
      `<zippy-img src="${await page.inputValue("#inline")}" width="64" height="64" alt=""></zippy-img>`,
    );
    const file = await page.inputValue("#inline");
    await page.click("#paste"); // the tag that was copied
    await page.waitForFunction(() => document.getElementById("result")!.dataset["state"] === "opened");
    assert.equal(await page.inputValue("#inline"), file);
    await page.evaluate(() => navigator.clipboard.writeText(" "));
    await page.click("#paste");
    await page.getByText("there is no picture in the clipboard").waitFor();
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("off line once loaded", async () => {
    const { page, errors } = await site.page("");
    await settled(page); // all weights are here, so that nothing is asked of the network
    await page.evaluate(async () => {
      const { active } = await navigator.serviceWorker.ready;
      while (active!.state !== "activated") await new Promise((resolve) => setTimeout(resolve, 20));
    });
    await page.context().setOffline(true);
    await page.reload();
    await ready(page);
    const before = await page.inputValue("#inline");
    await page.getByRole("button", { name: "parrot" }).click();
    await changed(page, before);
    assert.deepEqual(errors, []);
    await page.context().close();
  });
});

suite("the page of npm start", IN_BROWSER, () => {
  test("uploads what is shown; the service makes the page's own file of it, to the byte", async () => {
    const local = await Local.start();
    const browser = await launch();
    try {
      const url = /page +(http:\S+)/.exec(await lines(local))![1]!;
      const { page, errors } = await watched(browser, url);
      await page.clock.setFixedTime(new Date()); // the page waits for the service as long as that takes
      await settled(page);
      const key = "team/Änna +1.png";
      await page.fill("#key", key);
      let inline = "";
      for (const target of ["quality", "psnr", "bytes"]) {
        const before = await page.inputValue("#inline");
        await choose(page, "target", target);
        inline = await changed(page, before);
        await page.click("#upload-button");
        const line = page.locator("#uploaded p:has(a)");
        await line.waitFor();
        const stored = await fetch(local.pictureUrl(key, "?format=zn"));
        assert.equal(toInline(new Uint8Array(await stored.arrayBuffer())), inline, target);
        assert.match(await line.innerText(), / dB, byte for byte what this page made$/);
        const [, bytes] = / (\d+) bytes, /.exec(await line.innerText())!;
        assert.equal(Number(bytes), fromInline(inline).length);
      }
      const link = page.locator("#uploaded a");
      assert.equal(await link.getAttribute("href"), local.pictureUrl(key));
      await page.waitForFunction(
        () => document.querySelector<HTMLImageElement>("#uploaded img")!.naturalWidth === 64,
      );
      mkdirSync(SHOTS, { recursive: true });
      await page.screenshot({ path: join(SHOTS, "upload.png"), fullPage: true });
      const one = await fetch(`${local.pictureUrl(key)}?inline`);
      assert.equal(((await one.json()) as { inline: string }).inline, inline);
      const body = JSON.stringify({ keys: [key, "none"] });
      const many = await fetch(`${local.service.apiUrl}/inline`, { method: "POST", body });
      const { pictures } = (await many.json()) as {
        pictures: { inline?: string; problem?: { status: number } }[];
      };
      assert.deepEqual([pictures[0]!.inline, pictures[1]!.problem!.status], [inline, 404]);
      // Chromium notes each question that comes before the picture is there
      assert.deepEqual(
        errors.filter((text) => !/status of 404/.test(text)),
        [],
      );
    } finally {
      await browser.close();
      await local.clean();
    }
  });
});

/** The instructions follow local.json. */
async function lines(local: Local): Promise<string> {
  while (!local.output.includes("Ctrl-C")) await new Promise((resolve) => setTimeout(resolve, 50));
  return local.output;
}

/**
 * Drops a photograph; gives the longest time that the page could do nothing, as a share of the time till the result.
 */
async function shareAsleep(number: number): Promise<number> {
  const canvas = new OffscreenCanvas(6000, 4000);
  const context = canvas.getContext("2d")!;
  context.fillStyle = "#963";
  context.fillRect(1000, 300 * number, 3000, 4000);
  const photo = new File([await canvas.convertToBlob({ type: "image/jpeg" })], "photo.jpg");
  const transfer = new DataTransfer();
  transfer.items.add(photo);
  const inline = document.querySelector("textarea")!;
  const card = document.getElementById("result")!;
  const before = inline.value;
  const start = performance.now();
  let [last, longest] = [start, 0];
  document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer: transfer }));
  while (inline.value === before || card.dataset["state"] !== "done") {
    await new Promise((resolve) => setTimeout(resolve));
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }
  return longest / (last - start);
}
