import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { decode, toInline } from "../../src/index.ts";
import type { ZippyImage } from "../../src/web/browser/element.ts";
import { BROWSER, IN_BROWSER, notInFirefox } from "./browser.ts";
import { Site, watched } from "./site.ts";

const file = readFileSync(new URL("../golden/photograph-1-42-q50.zn", import.meta.url));
const inline = toInline(file);
/** Takes more height than is looked at. */
const FAR = '<br><canvas height="9000" width="10"></canvas><br>';
const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const html = (body: string, script = '<script src="/zippynet.script.js"></script>'): string =>
  `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>t</title>${script}<body>${body}</body></html>`;

suite(`<zippy-img> in ${BROWSER}, under the policy`, IN_BROWSER, () => {
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
      await shown(page);
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

  test("nothing moves when pictures come", {
    skip: notInFirefox("it has no layout-shift entries"),
  }, async () => {
    const tags = `<zippy-img src="${inline}" width="64" height="64" alt="x"></zippy-img><p>text</p>`.repeat(
      5,
    );
    site.write("still.html", html(tags));
    const { page } = await site.page("still.html");
    await shown(page);
    const shift = await page.evaluate(async () => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const observer = new PerformanceObserver(() => undefined);
      observer.observe({ type: "layout-shift", buffered: true });
      for (let i = 0; i < 3; i++) await frame(); // the last pictures are painted, and what moved is recorded
      const moved = observer.takeRecords() as (PerformanceEntry & { value: number })[];
      return moved.reduce((sum, { value }) => sum + value, 0);
    });
    assert.equal(shift, 0);
    await page.context().close();
  });

  test("waits until it is near, unless it is eager; a new src replaces the picture", async () => {
    const tag = (id: string, more = "") =>
      `<zippy-img id="${id}" src="${inline}" width="42" height="42" alt="" ${more}></zippy-img>`;
    site.write("far.html", html(`${tag("near")}${FAR}${tag("far")}${tag("eager", 'loading="eager"')}`));
    const { page, errors } = await site.page("far.html");
    await shown(page, "#near");
    await shown(page, "#eager");
    assert.equal(await page.evaluate(() => document.querySelector<ZippyImage>("#far")!.complete), false);
    await page.evaluate(() => document.querySelector("#far")!.scrollIntoView());
    await shown(page, "#far");
    const other = toInline(readFileSync(new URL("../golden/made-24x24-q1.zn", import.meta.url)));
    const width = await page.evaluate(async (src) => {
      const image = document.querySelector<ZippyImage>("#far")!;
      const loaded = new Promise((resolve) => image.addEventListener("load", resolve, { once: true }));
      image.setAttribute("src", src);
      await loaded;
      const changed = image.naturalWidth;
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

  test("an <img> of the very pixels is within: to be saved, copied, dragged; let go of with the element", async () => {
    const tag = `<zippy-img src="${inline}" width="84" height="84" alt="Anna"></zippy-img>`;
    site.write(
      "note.js",
      `globalThis.blobs = []; globalThis.revoked = [];
      const { createObjectURL, revokeObjectURL } = URL;
      URL.createObjectURL = (blob) => { blobs.push(blob); return createObjectURL(blob); };
      URL.revokeObjectURL = (url) => { revoked.push(url); revokeObjectURL(url); };`,
    );
    const scripts = '<script src="/note.js"></script><script src="/zippynet.script.js"></script>';
    site.write("within.html", html(tag + tag.replace("alt", 'draggable="false" alt'), scripts));
    const { page, errors } = await site.page("within.html");
    await shown(page);
    const made = await page.evaluate(async () => {
      const { blobs } = globalThis as unknown as { blobs: Blob[] };
      return [blobs[0]!.type, ...new Uint8Array(await blobs[0]!.arrayBuffer())];
    });
    const [type, ...png] = made as [string, ...number[]];
    assert.equal(type, "image/png");
    const picture = await decode(file);
    assert.deepEqual(await sharp(Buffer.from(png)).ensureAlpha().raw().toBuffer(), Buffer.from(picture.data));
    const dragged = page.evaluate(
      () =>
        new Promise<readonly [string, readonly string[]]>((resolve) => {
          document.addEventListener("dragstart", (event) => {
            event.preventDefault();
            resolve([(event.composedPath()[0] as Element).localName, [...event.dataTransfer!.types]]);
          });
        }),
    );
    await page.mouse.move(30, 30);
    await page.mouse.down();
    await page.mouse.move(60, 60, { steps: 5 });
    const [name, types] = await dragged;
    assert.equal(name, "img");
    const isFile = types.includes("Files") || types.includes("application/x-moz-file-promise");
    assert.ok(isFile, types.join());
    const held = await page.evaluate(
      () => document.querySelectorAll("zippy-img")[1]!.shadowRoot!.querySelector("img")!.draggable,
    );
    assert.equal(held, false);
    await page.mouse.up();
    await page.evaluate(() => document.querySelectorAll("zippy-img")[1]!.remove());
    const revoked = () =>
      page.evaluate(() => (globalThis as unknown as { revoked: string[] }).revoked.length);
    while ((await revoked()) === 0) await page.requestGC();
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("takes the place that an <img> takes, whatever states its size; object-fit and object-position are its own", async () => {
    const ways = [
      "",
      'width="84"',
      'height="84"',
      'width="100" height="50"',
      'width="100" height="50" data-style="height: auto"',
      'width="100" height="50" data-style="object-fit: cover; object-position: left top"',
      'width="84" height="84" data-style="max-width: 30px; height: auto"',
      'data-style="width: 60px"',
      'data-style="height: 60px"',
      'width="50" data-style="padding: 5px; border: 3px solid; margin: 2px"',
      'width="50" data-style="display: block"',
      'width="50" height="50" data-style="vertical-align: middle"',
      'width="50" height="50" data-style="width: 50%"',
      'width="50%"',
      'width="50%" height="60"',
      'height="50%"',
      'width="60.5" height="50%"',
      'width="60px" height="0x20"',
      'width="wide" height="-5"',
      'data-style="display: block"',
      'width="60" data-style="box-sizing: border-box; padding: 5px 10px"',
    ];
    const rows = ways.map(
      (way) =>
        `<p>a <zippy-img src="${inline}" alt="" loading="eager" ${way}></zippy-img> b</p><p>a <img alt="" ${way}> b</p>`,
    );
    site.write("place.html", html(rows.join("")));
    const { page, errors } = await site.page("place.html");
    await shown(page);
    const places = await page.evaluate(async () => {
      const { src } = document.querySelector("zippy-img")!.shadowRoot!.querySelector("img")!;
      for (const styled of document.querySelectorAll<HTMLElement>("[data-style]"))
        styled.style.cssText = styled.dataset["style"]!; // as attributes the policy does not take them
      const pictures = [...document.querySelectorAll("img")];
      for (const image of pictures) image.src = src;
      await Promise.all(pictures.map((image) => image.decode()));
      const place = (element: Element) => {
        const [own, line] = [element, element.parentElement!].map((each) => each.getBoundingClientRect());
        return [own!.x, own!.y - line!.y, own!.width, own!.height, line!.height];
      };
      const fit = (element: Element) => {
        const { objectFit, objectPosition } = getComputedStyle(element);
        return [objectFit, objectPosition];
      };
      return [...document.querySelectorAll<ZippyImage>("zippy-img")].map((element, i) => {
        const [inner, image] = [element.shadowRoot!.querySelector("img")!, pictures[i]!];
        const sizes = (each: ZippyImage | HTMLImageElement) => [each.width, each.height, each.naturalWidth];
        return [
          [...place(element), ...fit(inner), ...sizes(element)],
          [...place(image), ...fit(image), ...sizes(image)],
        ];
      });
    });
    for (const [i, [own, image]] of places.entries()) assert.deepEqual(own, image, ways[i]);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("beside a long text in a row it keeps its size; a size may change at any time, and where nothing shows it", async () => {
    const tag = `<zippy-img src="${inline}" alt="" width="84" height="63"></zippy-img>`;
    site.write("row.html", html(`<div>${tag}<p>${"long text ".repeat(200)}</p></div>`));
    const { page, errors } = await site.page("row.html");
    const sizes = await page.evaluate(async () => {
      const image = document.querySelector<ZippyImage>("zippy-img")!;
      const row = image.parentElement!.style;
      [row.display, row.alignItems] = ["flex", "center"];
      await image.decode();
      const size = (): string => {
        const { width, height } = image.getBoundingClientRect();
        return `${width}×${height} ${image.width}×${image.height}`;
      };
      const found = [size()];
      image.width = 40;
      found.push(size());
      image.setAttribute("height", "none");
      image.setAttribute("width", "10%");
      row.width = "500px";
      found.push(size());
      image.removeAttribute("width");
      found.push(size());
      image.style.display = "none";
      found.push(size());
      return found;
    });
    assert.deepEqual(sizes, ["84×63 84×63", "40×63 40×63", "50×50 50×50", "42×42 42×42", "0×0 42×42"]);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("in the document of a frame it has its size too, and keeps it back in its own", async () => {
    site.write(
      "moved.html",
      html(`<zippy-img src="${inline}" alt="" width="50%"></zippy-img><iframe></iframe>`),
    );
    const { page, errors } = await site.page("moved.html");
    const widths = await page.evaluate(async () => {
      const image = document.querySelector<ZippyImage>("zippy-img")!;
      await image.decode();
      const width = (): number => image.getBoundingClientRect().width;
      image.width = 60;
      const found = [width()];
      document.querySelector("iframe")!.contentDocument!.body.append(image);
      found.push(width());
      image.width = 70;
      found.push(width());
      document.body.append(image);
      return [...found, width()];
    });
    assert.deepEqual(widths, [60, 60, 70, 70]);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("printing asks for all: what is far is in print", async () => {
    const tag = `<zippy-img src="${inline}" width="42" height="42" alt=""></zippy-img>`;
    site.write("print.html", html(`${tag}${FAR}${tag.repeat(3)}`));
    const { page, errors } = await site.page("print.html");
    await shown(page, "zippy-img:first-of-type");
    await page.pdf(); // what a reader's Ctrl-P does first
    await shown(page);
    const images = (await page.pdf()).toString("latin1").match(/\/Subtype \/Image/g);
    assert.ok(images && images.length >= 4, `${images?.length} images`);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("decode() does not wait for the viewport, and rejects; complete says whether it is done", async () => {
    const tags = `${FAR}<zippy-img src="${inline}" alt=""></zippy-img><zippy-img src="AAAA" alt=""></zippy-img>`;
    site.write("decode.html", html(tags));
    const { page } = await site.page("decode.html");
    const told = await page.evaluate(async () => {
      const [good, bad] = [...document.querySelectorAll<ZippyImage>("zippy-img")] as [ZippyImage, ZippyImage];
      const before = [good.complete, bad.complete, good.naturalWidth];
      await good.decode();
      const why = await bad.decode().then(
        () => "shown",
        (error: Error) => error.message,
      );
      const empty = document.createElement("zippy-img") as ZippyImage;
      return [before, [good.complete, bad.complete, good.naturalWidth, empty.complete, good.loading], why];
    });
    assert.deepEqual(told.slice(0, 2), [
      [false, false, 0],
      [true, true, 42, true, "lazy"],
    ]);
    assert.match(String(told[2]), /file/);
    await page.context().close();
  });

  test("what changes while it is out of the page, or comes late, is shown; without a src it is nothing", async () => {
    site.write("changes.html", html(""));
    const { page, errors } = await site.page("changes.html");
    const other = toInline(readFileSync(new URL("../golden/made-24x24-q1.zn", import.meta.url)));
    const told = await page.evaluate(
      async ([first, second, pixel]) => {
        const image = document.createElement("zippy-img") as ZippyImage;
        const content = () => image.shadowRoot!.firstElementChild;
        const frames = async () => {
          for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
        };
        const events: string[] = [];
        for (const name of ["load", "error"]) image.addEventListener(name, () => events.push(name));
        document.body.append(image);
        await frames();
        const without = [content(), image.hasAttribute("broken"), image.complete];
        image.src = first; // as of a list that is loaded after its rows are there
        await new Promise((resolve) => image.addEventListener("load", resolve, { once: true }));
        image.remove();
        image.look = "natural";
        const early = image.complete;
        const again = new Promise((resolve) => image.addEventListener("load", resolve, { once: true }));
        document.body.append(image);
        await again;
        image.remove();
        image.src = first;
        const shown = image.decode();
        image.src = second;
        await shown; // of the newest
        const width = image.naturalWidth;
        document.body.append(image);
        image.removeAttribute("src");
        await frames();
        const after = [content(), image.naturalWidth, image.complete];
        image.fallback = pixel;
        await new Promise((resolve) => image.addEventListener("error", resolve, { once: true }));
        return [without, early, width, after, content()!.localName, events];
      },
      [inline, other, PIXEL] as const,
    );
    const nothing = [null, false, true];
    assert.deepEqual(told, [nothing, false, 24, [null, 0, true], "img", ["load", "load", "load", "error"]]);
    assert.equal(errors.length, 1, errors.join()); // the fallback's
    await page.context().close();
  });

  test("its name follows its alt; a role that the page gives it stays", async () => {
    site.write("names.html", html(`<zippy-img src="${inline}" alt="Menu" role="button"></zippy-img>`));
    const { page } = await site.page("names.html");
    const told = await page.evaluate(() => {
      const image = document.querySelector("zippy-img")!;
      const now = () => [image.getAttribute("role"), image.getAttribute("aria-label")];
      const given = now();
      image.removeAttribute("role");
      image.setAttribute("alt", "Anna");
      const named = now();
      image.removeAttribute("alt");
      return [given, named, now()];
    });
    assert.deepEqual(told, [
      ["button", "Menu"],
      ["img", "Anna"],
      ["img", null],
    ]);
    await page.context().close();
  });

  test("of a thousand at once the first are painted long before the last", async () => {
    const made = toInline(readFileSync(new URL("../golden/made-24x24-q1.zn", import.meta.url)));
    const tags = `<zippy-img src="${made}" width="24" height="24" alt="" loading="eager"></zippy-img>`;
    const script = `<script src="/count.js"></script><script src="/zippynet.script.js" defer></script>`;
    site.write(
      "count.js",
      `const began = performance.now(); globalThis.frames = []; let loaded = 0;
      document.addEventListener("load", ({ target }) => { if (target.localName === "zippy-img") { loaded++; globalThis.first ??= performance.now() - began; } }, true);
      const frame = () => { frames.push(loaded); if (loaded < 1000) requestAnimationFrame(frame); else globalThis.last = performance.now() - began; };
      requestAnimationFrame(frame);`,
    );
    site.write("thousand.html", html(tags.repeat(1000), script));
    const { page, errors } = await site.page("thousand.html");
    await page.waitForFunction(() => "last" in globalThis);
    const { frames, first, last } = await page.evaluate(() => {
      const { frames, first, last } = globalThis as unknown as Record<"first" | "last", number> & {
        readonly frames: readonly number[];
      };
      return { frames, first, last };
    });
    const between = new Set(frames.filter((count) => count > 0 && count < 1000)).size;
    console.log(`1,000 elements: the first after ${first.toFixed()} ms, the last after ${last.toFixed()}`);
    assert.ok(between >= 5, `${between} frames with some and not all`);
    assert.ok(frames.find((count) => count > 0)! <= 500, frames.slice(0, 50).join());
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("what is passed before it is decoded holds up nothing, and comes when it is near again", async () => {
    const scripts = '<script src="/count.js"></script><script src="/zippynet.script.js"></script>';
    site.write(
      "count.js",
      `globalThis.answers = 0; const { Worker } = globalThis;
      globalThis.Worker = class extends Worker {
        constructor(...given) {
          super(...given);
          this.addEventListener("message", ({ data }) => { if (data.type === "decoded") answers++; });
        }
      };`,
    );
    const tag = `<zippy-img src="${inline}" width="42" height="42" alt=""></zippy-img>`;
    site.write("passed.html", html(`<div id="list">${tag}</div>${FAR}${tag.repeat(500)}${FAR}`, scripts));
    const { page, errors } = await site.page("passed.html");
    await shown(page, "#list zippy-img"); // the weights are there
    const told = await page.evaluate(async (tag) => {
      const frames = async () => {
        for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
      };
      const near = [...document.querySelectorAll<ZippyImage>("zippy-img")].slice(1);
      const list = document.querySelector("#list")!;
      const answered = () => (globalThis as unknown as { answers: number }).answers;
      const load = (image: Element) =>
        new Promise((resolve) => image.addEventListener("load", resolve, { once: true }));
      // a list that shows other rows as it is scrolled
      list.innerHTML = tag.repeat(500);
      await frames();
      const gone = [...list.children] as ZippyImage[];
      const asked = gone[400]!.decode();
      list.innerHTML = tag;
      await load(list.firstElementChild!);
      const removed = answered();
      await asked;
      // one in which the pictures stay
      near[0]!.scrollIntoView();
      await frames();
      scrollTo(0, 0);
      await frames();
      list.innerHTML = tag;
      await load(list.firstElementChild!);
      const passed = answered() - removed;
      const last = near.findLast(({ complete }) => !complete)!;
      last.scrollIntoView();
      await load(last);
      list.replaceChildren(gone[499]!); // back in the page
      scrollTo(0, 0);
      if (!gone[499]!.complete) await load(gone[499]!);
      return { removed, passed, widths: [gone[400]!, gone[499]!, last].map((image) => image.naturalWidth) };
    }, tag);
    assert.ok(told.removed < 250 && told.passed < 250, JSON.stringify(told));
    assert.deepEqual(new Set(told.widths).size, 1, JSON.stringify(told));
    assert.ok(told.widths[0]! > 0);
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
    assert.deepEqual(found[2], ["load", undefined, "IMG", "", false]);
    assert.equal(errors.length, 1, errors.join()); // two pictures of one kind of failure
    assert.match(errors[0]!, /^<zippy-img>: not an inline \.zn file: .*\(said once/);
    await page.context().close();
  });

  test("a worker whose file does not come: the error says what was expected", async () => {
    const { page } = await watched(site.browser, "about:blank");
    await page.context().route("**/decoder-*.js", (route) => route.fulfill({ status: 404, body: "" }));
    site.write("workerless.html", html(`<zippy-img src="${inline}" alt="x" loading="eager"></zippy-img>`));
    await page.goto(`${site.server.url}/workerless.html`);
    const told = await page.evaluate(() =>
      document.querySelector<ZippyImage>("zippy-img")!.decode().then(String, String),
    );
    const words = "expected the decoder's worker to start, from this page's own origin; see worker-src";
    assert.equal(told, `ZippyNetError: ${words}`);
    await page.context().close();
  });

  test("without WebAssembly the fallback shows", async () => {
    const { page } = await watched(site.browser, "about:blank");
    await page.context().route("**/decoder-*.js", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `self.WebAssembly = undefined;${await response.text()}` });
    });
    site.write(
      "none.html",
      html(`<zippy-img src="${inline}" fallback="${PIXEL}" width="42" height="42" alt="x"></zippy-img>`),
    );
    await page.goto(`${site.server.url}/none.html`);
    await shown(page);
    await page.context().close();
  });

  test("a page saved to a disk shows the fallback, and one without scripts what stands in <noscript>", async () => {
    site.write("saved.png", Buffer.from(PIXEL.slice(PIXEL.indexOf(",") + 1), "base64"));
    const tag = `<zippy-img src="${inline}" width="42" height="42" alt="Anna" fallback="saved.png">
      <noscript><img src="saved.png" width="42" height="42" alt="Anna"></noscript></zippy-img>`;
    site.write("saved.html", html(tag, '<script src="zippynet.script.js"></script>'));
    const saved = pathToFileURL(join(site.folder, "saved.html")).href;
    const { page, errors } = await watched(site.browser, saved);
    await shown(page);
    const [told] = errors.filter((text) => text.startsWith("<zippy-img>"));
    assert.match(told!, /^<zippy-img>: expected the decoder's worker to start, .*\(said once/);
    assert.doesNotMatch(told!, /undefined/);
    await page.context().close();
    const plain = await site.page("saved.html", { javaScriptEnabled: false });
    assert.equal(await plain.page.getByRole("img", { name: "Anna" }).count(), 1);
    assert.ok(await plain.page.locator("img").isVisible());
    await plain.page.context().close();
  });

  test("in forced colours the frame of what is broken is as plain as text", async () => {
    site.write("forced.html", html('<zippy-img src="AAAA" width="84" height="84" alt="Anna"></zippy-img>'));
    const { page } = await site.page("forced.html", { forcedColors: "active" });
    await page.locator("zippy-img[broken]").waitFor();
    const [frame, text] = await page.evaluate(() => {
      const frame = document.querySelector("zippy-img")!.shadowRoot!.querySelector(".broken")!;
      const style = getComputedStyle(frame);
      return [[style.borderTopColor, style.color, style.opacity], getComputedStyle(document.body).color];
    });
    assert.deepEqual(frame, [text, text, "1"]);
    await page.context().close();
  });
});

/** Waits until elements show a picture. */
async function shown(page: Page, selector = "zippy-img"): Promise<void> {
  await page.waitForFunction(
    (these) =>
      [...document.querySelectorAll<ZippyImage>(these)].every(
        (each) => each.complete && each.naturalWidth > 0,
      ),
    selector,
  );
}

test("on a server the modules can be imported: nothing happens", async () => {
  const { defineZippyImage, ZippyImage } = await import("../../src/web/browser/element.ts");
  defineZippyImage();
  assert.equal(typeof ZippyImage, "function");
});
