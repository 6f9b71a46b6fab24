import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { pictureOf } from "../../src/api/picture.ts";
import { readImage } from "../../src/image/read.ts";
import { decode, encode, type Progress, toInline } from "../../src/index.ts";
import type * as Browser from "../../src/web/browser/index.ts";
import { BROWSER, IN_BROWSER } from "./browser.ts";
import { Site } from "./site.ts";

const GOLDEN = fileURLToPath(new URL("../golden/", import.meta.url));
const IMAGES = fileURLToPath(new URL("../images/", import.meta.url));

suite(`zippynet/browser in ${BROWSER}, under the policy`, IN_BROWSER, () => {
  let site: Site;
  before(async () => {
    site = await Site.open();
    site.write("empty.html", '<!doctype html><link rel="icon" href="data:,"><title>empty</title>');
  });
  after(() => site?.close());

  const golden = readdirSync(GOLDEN).filter((name) => name.endsWith(".zn"));

  test("golden files give Node's pixels, within one level", async () => {
    const { page, errors } = await site.page("empty.html");
    const files = golden.map((name) => readFileSync(`${GOLDEN}${name}`));
    const found = await page.evaluate(
      async ([module, texts]) => {
        const { decode } = (await import(module)) as typeof Browser;
        const pictures = await Promise.all(texts.map((text) => decode(text)));
        return pictures.map(({ width, height, data }) => ({ width, height, data: [...data] }));
      },
      ["/zippynet.js", files.map(toInline)] as const,
    );
    for (const [i, file] of files.entries()) {
      const { width, height, data } = await decode(file);
      assert.deepEqual([found[i]!.width, found[i]!.height], [width, height]);
      const worst = data.reduce((most, value, at) => {
        return Math.max(most, Math.abs(value - found[i]!.data[at]!));
      }, 0);
      assert.ok(worst <= 1, `${golden[i]}: off by ${worst}`);
    }
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("bytes, ArrayBuffer, Blob; canvas and URL; VP8, AV1 and alpha", async () => {
    const { page, errors } = await site.page("empty.html");
    const { image } = await readImage(readFileSync(`${IMAGES}shirt-64.png`));
    const text = await noise();
    const files = {
      latents: readFileSync(`${GOLDEN}made-24x24-q1.zn`),
      classical: await encode(text, { quality: 60 }),
      alpha: await encode(
        pictureOf({ ...image, alpha: Uint8Array.from({ length: 64 * 64 }, (_, i) => i % 64) }),
      ),
    };
    const found = await page.evaluate(
      async ([module, { latents, classical, alpha }]) => {
        const { decode, decodeToCanvas, decodeToUrl, fromInline, info } = (await import(
          module
        )) as typeof Browser;
        const bytes = fromInline(latents);
        const results = await Promise.all([
          decode(bytes),
          decode(bytes.slice().buffer),
          decode(new Blob([bytes.slice()])),
        ]);
        const canvas = await decodeToCanvas(bytes);
        const image = new Image();
        image.src = await decodeToUrl(bytes);
        await image.decode();
        const seen = await decode(alpha);
        return {
          equal: results.every(({ data }) => data.join() === results[0]!.data.join()),
          sizes: [canvas.width, image.naturalWidth],
          classical: [info(classical).kind, [...(await decode(classical)).data]] as const,
          opacity: Array.from({ length: 64 }, (_, x) => seen.data[x * 4 + 3]),
        };
      },
      ["/zippynet.js", mapValues(files, toInline)] as const,
    );
    assert.equal(found.equal, true);
    assert.deepEqual(found.sizes, [24, 24]);
    assert.notEqual(found.classical[0], "latents");
    const own = await decode(files.classical);
    const off = own.data.reduce((sum, value, at) => sum + Math.abs(value - found.classical[1][at]!), 0);
    assert.ok(off / own.data.length < 3, `mean difference ${off / own.data.length}`);
    assert.deepEqual(
      found.opacity,
      Array.from({ length: 64 }, (_, x) => x),
    );
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("a signal rejects at once, and takes its pictures from those that wait for the worker", async () => {
    const { page, errors } = await site.page("empty.html");
    const good = toInline(readFileSync(`${GOLDEN}made-24x24-q1.zn`));
    const { reasons, answers } = await page.evaluate(
      async ([module, text]) => {
        let answers = 0;
        const { Worker } = globalThis;
        globalThis.Worker = class extends Worker {
          constructor(...given: ConstructorParameters<typeof Worker>) {
            super(...given);
            this.addEventListener("message", ({ data }) => {
              if (data.type === "decoded") answers++;
            });
          }
        };
        const { decode } = (await import(module)) as typeof Browser;
        await decode(text);
        const stop = new AbortController();
        const all = Array.from({ length: 500 }, () => decode(text, { signal: stop.signal }));
        setTimeout(() => stop.abort("enough"), 0);
        const results = await Promise.allSettled(all);
        await decode(text);
        return { reasons: results.map((each) => (each.status === "rejected" ? each.reason : "ok")), answers };
      },
      ["/zippynet.js", good] as const,
    );
    assert.equal(reasons.at(-1), "enough");
    assert.ok(answers < 250, `${answers} decoded`);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("bad input: a clear error each, its neighbours are decoded", async () => {
    const { page, errors } = await site.page("empty.html");
    const good = readFileSync(`${GOLDEN}made-24x24-q1.zn`);
    const foreign = Buffer.concat([Buffer.from([0x81, 250]), good.subarray(1)]); // long form: tag, model
    const damaged = Buffer.from(good);
    damaged[damaged.length - 2]! ^= 0x55;
    const found = await page.evaluate(
      async ([module, texts]) => {
        const { decodeMany } = (await import(module)) as typeof Browser;
        return (await decodeMany(texts)).map((result) => {
          if (result.status === "fulfilled") return "ok";
          const { name, code, message } = result.reason as Browser.ZippyNetError;
          return `${name} ${code}: ${message}`;
        });
      },
      [
        "/zippynet.js",
        [...[good, foreign, damaged, good.subarray(0, 2)].map(toInline), "no=", toInline(good)],
      ] as const,
    );
    const expected = [
      /^ok$/,
      /^ZippyNetError unknown-model: expected one of the models 1 \(faces\).*, got number 250$/,
      /^ZippyNetError bad-file: damaged/,
      /^ZippyNetError bad-file: .*at least 3 bytes, got 2/,
      /^ZippyNetError bad-file: .*got "=" at 2/,
      /^ok$/,
    ];
    found.forEach((text, i) => {
      assert.match(text, expected[i]!);
    });
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("encodes: the file is one that Node decodes, within the bytes asked for", async () => {
    const { page, errors } = await site.page("empty.html");
    const png = readFileSync(`${IMAGES}face-hat-128.png`);
    const found = await page.evaluate(
      async ([module, base64]) => {
        const { encode, square, toInline } = (await import(module)) as typeof Browser;
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const picture = await square(new Blob([bytes], { type: "image/png" }), 64);
        const file = await encode(picture, { maxBytes: 150 });
        const refused = await encode(picture, { maxBytes: 5 }).catch((error: Error) => error.message);
        return { text: toInline(file), refused: String(refused) };
      },
      ["/zippynet.js", png.toString("base64")] as const,
    );
    const file = Buffer.from(found.text, "base64url");
    assert.ok(file.length <= 150 && file.length > 100, `${file.length} bytes`);
    const { width, data } = await decode(file, { channels: 3 });
    const original = await sharp(png).resize(64, 64).removeAlpha().raw().toBuffer();
    const squares = data.reduce((sum, value, i) => sum + (value - original[i]!) ** 2, 0);
    assert.equal(width, 64);
    assert.ok(10 * Math.log10((255 ** 2 * data.length) / squares) > 24);
    assert.match(found.refused, /expected a file of at most 5 bytes, the least possible is \d+/);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("reports how far a search has come, as in Node", async () => {
    const { page } = await site.page("empty.html");
    const found = await page.evaluate(async (module) => {
      const { encode, toInline } = (await import(module)) as typeof Browser;
      const picture = new ImageData(40, 40);
      picture.data.set(picture.data.map((_, i) => (i % 4 === 3 ? 255 : (i * 7) % 256)));
      const told: Progress[] = [];
      const file = await encode(picture, { model: 1, effort: 2, onProgress: (each) => told.push(each) });
      return { text: toInline(file), told: told.filter(({ stage }) => stage === "search") };
    }, "/zippynet.js");
    const data = Uint8Array.from({ length: 40 * 40 * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 256));
    const told: Progress[] = [];
    const wish = { model: 1, effort: 2, classical: false } as const;
    const file = await encode(
      { width: 40, height: 40, data },
      { ...wish, onProgress: (each) => told.push(each) },
    );
    assert.deepEqual(found, { text: toInline(file), told });
    assert.ok(told.length > 10, `${told.length}`);
    await page.context().close();
  });

  test("encodes with the model that suits best, if asked for", async () => {
    const { page, errors } = await site.page("empty.html");
    const png = readFileSync(`${IMAGES}jacket-64.png`);
    const found = await page.evaluate(
      async ([module, base64]) => {
        const { encode, square, toInline } = (await import(module)) as typeof Browser;
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const picture = await square(new Blob([bytes], { type: "image/png" }), 64);
        const [one, best] = [await encode(picture, { model: 1 }), await encode(picture)];
        const pixels = Array.from(picture.data).filter((_, at) => at % 4 < 3);
        return { one: toInline(one), best: toInline(best), pixels };
      },
      ["/zippynet.js", png.toString("base64")] as const,
    );
    const image = { width: 64, height: 64, data: Uint8Array.from(found.pixels) };
    assert.equal(found.one, toInline(await encode(image, { model: "faces", classical: false })));
    assert.equal(found.best, toInline(await encode(image, { classical: false })));
    assert.notEqual(found.best, found.one);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("weights come once, with progress; then from the cache, also without network; altered ones are refused", async () => {
    const { page, errors } = await site.page("empty.html");
    const inline = toInline(readFileSync(`${GOLDEN}made-24x24-q1.zn`));
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    const run = () =>
      page.evaluate(
        async ([module, text]) => {
          const { decode, onProgress } = (await import(module)) as typeof Browser;
          const seen: number[] = [];
          onProgress((told) => told.stage === "weights" && seen.push(told.loaded / told.total));
          const start = performance.now();
          const outcome = await decode(text).then(
            () => "ok",
            (error: Error) => error.message,
          );
          return { outcome, seen, milliseconds: performance.now() - start };
        },
        ["/zippynet.js", inline] as const,
      );
    const cold = await run();
    assert.equal(cold.outcome, "ok");
    assert.equal(cold.seen.at(-1), 1);
    assert.ok(cold.seen.length > 2);
    assert.equal(asked.filter((url) => url.includes("g_s.safetensors")).length, 1);
    assert.equal(asked.filter((url) => url.includes("g_a.safetensors")).length, 0);

    await page.reload();
    await page.context().route("**/models/**", (route) => route.abort());
    const warm = await run();
    assert.equal(warm.outcome, "ok");
    console.log(
      `first picture: cold ${cold.milliseconds.toFixed()} ms, cached ${warm.milliseconds.toFixed()} ms`,
    );

    await page.reload();
    await page.evaluate(async () => {
      for (const name of await caches.keys()) await caches.delete(name);
    });
    assert.match((await run()).outcome, /models\/1-.* cannot be fetched: no network, or not allowed/);
    assert.ok(
      errors.every((text) => /ERR_FAILED/.test(text)),
      errors.join(),
    );

    await page.reload();
    await page.context().unroute("**/models/**");
    await page.context().route("**/g_s.safetensors", async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      body[body.length - 1]! ^= 1;
      const { "content-encoding": _, ...headers } = response.headers();
      await route.fulfill({ response, body, headers: { ...headers, "content-length": String(body.length) } });
    });
    assert.match((await run()).outcome, /g_s\.safetensors: expected SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}/);
    await page.context().close();
  });
});

/** Nothing that a model of faces could do well. */
async function noise() {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64"><rect width="96" height="64" fill="#fff"/>
    <path d="M3 5h80M9 20v40M20 20h60v9H20zM20 40h60v9H20z" stroke="#c00" fill="none" stroke-width="3"/></svg>`;
  const { data, info } = await sharp(Buffer.from(svg))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

function mapValues<K extends string, A, B>(values: Record<K, A>, to: (value: A) => B): Record<K, B> {
  return Object.fromEntries(Object.entries<A>(values).map(([key, value]) => [key, to(value)])) as Record<
    K,
    B
  >;
}
