import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeWall, type WallBytes } from "../../src/web/development/make-wall.ts";
import { pictures } from "../../src/web/development/wall-pictures.ts";
import { NO_BROWSER } from "./chromium.ts";
import { Site } from "./site.ts";

const IMAGES = fileURLToPath(new URL("../images/", import.meta.url));
const SHOTS = fileURLToPath(new URL("../../dist/screenshots/", import.meta.url));
const COUNT = 60;

suite("the wall in Chromium, under the policy", { skip: NO_BROWSER, timeout: 240_000 }, () => {
  let site: Site;
  let bytes: WallBytes;
  before(async () => {
    site = await Site.open();
    mkdirSync(SHOTS, { recursive: true });
    bytes = await makeWall({ folder: IMAGES, count: COUNT, side: 42, quality: 50, out: site.folder });
  });
  after(() => site?.close());

  for (const [name, kind] of [
    ["wall.html", "zn"],
    ["wall-webp.html", "webp"],
  ] as const) {
    test(`${name}: all its pictures, with bytes and milliseconds`, async () => {
      const { page, errors } = await site.page(name);
      await page.getByText(/^60 pictures decoded in [\d,]+ ms, [\d,]+ a second/).waitFor();
      assert.match(
        await page.innerText("header"),
        new RegExp(`\n${(bytes[kind] / COUNT).toFixed()} bytes a picture`),
      );
      const shown = await page.innerText("#size");
      const { size } = statSync(join(site.folder, name));
      assert.ok(shown.startsWith(`${size.toLocaleString("en")} bytes, `), shown);
      const empty = await page.evaluate(
        () =>
          [...document.querySelectorAll("canvas")].filter(
            (canvas) => canvas.getContext("2d")!.getImageData(21, 21, 1, 1).data[3] !== 255,
          ).length,
      );
      assert.equal(empty, 0);
      await page.screenshot({ path: join(SHOTS, `${name}.png`) });
      assert.deepEqual(errors, []);
      await page.context().close();
    });
  }
});

test("a folder's pictures are varied, the same each time", async () => {
  const [a, b] = [await pictures(IMAGES, 30, 16), await pictures(IMAGES, 30, 16)];
  assert.deepEqual(a, b);
  assert.equal(new Set(a.map(({ data }) => data.join())).size, 30);
});
