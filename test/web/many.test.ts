import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { toInline } from "../../src/index.ts";
import { NO_BROWSER } from "./chromium.ts";
import { Site } from "./site.ts";

const COUNT = 10_000;

suite("10,000 <zippy-img> at once in Chromium", { skip: NO_BROWSER, timeout: 240_000 }, () => {
  let site: Site;
  before(async () => {
    site = await Site.open();
  });
  after(() => site?.close());

  test("the page answers, what is near is drawn, the rest waits", async () => {
    site.write("clock.js", readFileSync(new URL("clock.js", import.meta.url)));
    const inline = toInline(readFileSync(new URL("../golden/made-24x24-q1.zn", import.meta.url)));
    const tags = `<zippy-img src="${inline}" width="42" height="42" alt=""></zippy-img>`.repeat(COUNT);
    site.write(
      "many.html",
      `<!doctype html><link rel="icon" href="data:,"><script src="clock.js"></script>${tags}<script src="zippynet.script.js"></script>`,
    );
    const { page, errors } = await site.page("many.html");
    const drawn = () =>
      page.evaluate(
        () =>
          [...document.querySelectorAll("zippy-img")].filter((image) =>
            image.shadowRoot?.querySelector("img"),
          ).length,
      );
    await page.waitForFunction(() =>
      [0, 1, 100].every((i) => document.querySelectorAll("zippy-img")[i]?.shadowRoot?.querySelector("img")),
    );
    const near = await drawn();
    assert.ok(near < COUNT / 4, `${near} drawn`);
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await page.waitForFunction(
      (last) => document.querySelectorAll("zippy-img")[last]?.shadowRoot?.querySelector("img"),
      COUNT - 1,
    );
    const longest = await page.evaluate(() => (globalThis as unknown as { longest: number }).longest);
    console.log(
      `10,000 components: ${near} drawn at first, the page slept for ${longest.toFixed()} ms at most`,
    );
    assert.ok(longest < 8000, `the page slept for ${longest.toFixed()} ms`);
    assert.deepEqual(errors, []);
    await page.context().close();
  });
});
