import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { toInline } from "../../src/index.ts";
import { NO_BROWSER } from "./chromium.ts";
import { Site } from "./site.ts";

const file = readFileSync(new URL("../golden/photograph-1-42-q50.zn", import.meta.url));
const inline = toInline(file);
const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const html = (body: string, script = '<script src="/zippynet.script.js"></script>'): string =>
  `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>t</title>${script}<body>${body}</body></html>`;

suite("<zippy-img> in Chromium, under the policy", { skip: NO_BROWSER, timeout: 240_000 }, () => {
  let site: Site;
  before(async () => {
    site = await Site.open();
  });
  after(() => site?.close());

  for (const [name, script] of [
    ["script tag", undefined],
    ["module", '<script type="module" src="/zippy-img.js"></script>'],
  ] as const) {
    test(`${name}: inline and by URL, with its size, as an image of its name`, async () => {
      site.write("face.zn", file);
      const tags = `<zippy-img id="a" src="${inline}" width="84" height="84" alt="Anna"></zippy-img>
        <zippy-img id="b" src="/face.zn" alt=""></zippy-img>`;
      site.write(`${name}.html`, html(tags, script));
      const { page, errors } = await site.page(`${name}.html`);
      await page.waitForFunction(() =>
        ["a", "b"].every((id) => document.getElementById(id)?.shadowRoot?.querySelector("canvas")),
      );
      const sizes = await page.evaluate(() =>
        ["a", "b"].map((id) => {
          const { width, height } = document.getElementById(id)!.getBoundingClientRect();
          return [width, height];
        }),
      );
      assert.deepEqual(sizes, [
        [84, 84],
        [42, 42],
      ]);
      assert.equal(await page.getByRole("img", { name: "Anna" }).count(), 1);
      assert.equal(await page.getByRole("img").count(), 1);
      assert.deepEqual(errors, []);
      await page.context().close();
    });
  }

  test("nothing moves when pictures come", async () => {
    const tags = `<zippy-img src="${inline}" width="64" height="64" alt="x"></zippy-img><p>text</p>`.repeat(
      5,
    );
    site.write("still.html", html(tags));
    const { page } = await site.page("still.html");
    const shift = await page.evaluate(async () => {
      let sum = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) sum += (entry as PerformanceEntry & { value: number }).value;
      }).observe({ type: "layout-shift", buffered: true });
      const images = [...document.querySelectorAll("zippy-img")];
      while (!images.every(({ shadowRoot }) => shadowRoot?.querySelector("canvas"))) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
      return sum;
    });
    assert.equal(shift, 0);
    await page.context().close();
  });

  test("waits until it is near; a new src replaces the picture", async () => {
    site.write(
      "far.html",
      html(`<canvas height="9000" width="10"></canvas>
        <zippy-img src="${inline}" width="42" height="42" alt="far"></zippy-img>`),
    );
    const { page, errors } = await site.page("far.html");
    const drawn = () =>
      page.evaluate(() => Boolean(document.querySelector("zippy-img")!.shadowRoot!.querySelector("canvas")));
    await page.waitForTimeout(500);
    assert.equal(await drawn(), false);
    await page.evaluate(() => document.querySelector("zippy-img")!.scrollIntoView());
    await page.waitForFunction(() =>
      document.querySelector("zippy-img")!.shadowRoot!.querySelector("canvas"),
    );
    const other = toInline(readFileSync(new URL("../golden/made-24x24-q1.zn", import.meta.url)));
    const width = await page.evaluate(async (src) => {
      const image = document.querySelector("zippy-img")!;
      const loaded = new Promise((resolve) => image.addEventListener("load", resolve, { once: true }));
      image.setAttribute("src", src);
      await loaded;
      const changed = image.shadowRoot!.querySelector("canvas")!.width;
      const before = image.getAttribute("src")!;
      image.remove();
      image.setAttribute("src", "");
      image.setAttribute("src", before);
      const again = new Promise((resolve) => image.addEventListener("load", resolve, { once: true }));
      document.body.append(image); // a list that is sorted does this
      await again;
      return changed;
    }, other);
    assert.equal(width, 24);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("broken: an event, and a frame with its alt, or the fallback", async () => {
    site.write("late.html", html(""));
    const { page, errors } = await site.page("late.html");
    const found = await page.evaluate(
      async ([good, pixel]) => {
        const outcome = async (src: string, fallback?: string) => {
          const image = document.createElement("zippy-img");
          image.setAttribute("alt", "Anna");
          if (fallback) image.setAttribute("fallback", fallback);
          image.setAttribute("src", src);
          const event = new Promise<Event>((resolve) => {
            image.addEventListener("error", resolve);
            image.addEventListener("load", resolve);
          });
          document.body.append(image);
          const { type, detail } = (await event) as CustomEvent<Error | undefined>;
          const { firstElementChild: child } = image.shadowRoot!;
          return [type, detail?.message, child!.tagName, child!.textContent, image.hasAttribute("broken")];
        };
        return [await outcome(`${good.slice(0, -1)}!`), await outcome("AAAA", pixel), await outcome(good)];
      },
      [inline, PIXEL] as const,
    );
    assert.match(String(found[0]![1]), /not an inline \.zn file: expected A–Z.*got "!"/);
    assert.deepEqual([found[0]![0], ...found[0]!.slice(2)], ["error", "DIV", "Anna", true]);
    assert.deepEqual([found[1]![0], ...found[1]!.slice(2)], ["error", "IMG", "", false]);
    assert.deepEqual(found[2], ["load", undefined, "CANVAS", "", false]);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("without WebAssembly the fallback shows", async () => {
    const context = await site.browser.newContext();
    await context.route("**/decoder-*.js", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `self.WebAssembly = undefined;${await response.text()}` });
    });
    site.write(
      "none.html",
      html(`<zippy-img src="${inline}" fallback="${PIXEL}" width="42" height="42" alt="x"></zippy-img>`),
    );
    const page = await context.newPage();
    await page.goto(`${site.server.url}/none.html`);
    await page.waitForFunction(() => document.querySelector("zippy-img")!.shadowRoot!.querySelector("img"));
    await context.close();
  });
});

test("on a server the modules can be imported: nothing happens", async () => {
  const { defineZippyImage, ZippyImage } = await import("../../src/web/browser/element.ts");
  defineZippyImage();
  assert.equal(typeof ZippyImage, "function");
});
