import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { toInline } from "../../src/index.ts";
import { BROWSER, IN_BROWSER } from "./browser.ts";
import { Site } from "./site.ts";

const COUNT = 10_000;

/** Notes at each turn of a timer how many pictures are there. */
const TURNS = `
  globalThis.turns = new Set();
  let loaded = 0;
  document.addEventListener("load", ({ target }) => { if (target.localName === "zippy-img") loaded++; }, true);
  setInterval(() => turns.add(loaded), 10);`;

suite(`10,000 <zippy-img> at once in ${BROWSER}`, IN_BROWSER, () => {
  let site: Site;
  before(async () => {
    site = await Site.open();
  });
  after(() => site?.close());

  test("the page answers, what is near is drawn, the rest waits", async () => {
    site.write("turns.js", TURNS);
    const inline = toInline(readFileSync(new URL("../golden/made-24x24-q1.zn", import.meta.url)));
    const tags = `<zippy-img src="${inline}" width="42" height="42" alt=""></zippy-img>`.repeat(COUNT);
    site.write(
      "many.html",
      `<!doctype html><link rel="icon" href="data:,"><script src="turns.js"></script>${tags}<script src="zippynet.script.js"></script>`,
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
    const turns = await page.evaluate(() => (globalThis as unknown as { turns: Set<number> }).turns.size);
    console.log(`10,000 elements: ${near} drawn at first; a timer ran ${turns} times between pictures`);
    assert.ok(turns > 4, `a timer ran ${turns} times between pictures`); // the page answers while they come
    assert.deepEqual(errors, []);
    await page.context().close();
  });
});
