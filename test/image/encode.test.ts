/** Which way a picture is stored: `src/image/encode.ts`, and back by `src/image/decode.ts`. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, suite, test } from "node:test";
import sharp from "sharp";
import { encodeInOneRun } from "../../src/codec/encode.ts";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { av1Frame } from "../../src/codec/format/isobmff.ts";
import { webpFrame } from "../../src/codec/format/webp.ts";
import { type Kind, readZn, writeClassical } from "../../src/codec/format/zn-file.ts";
import type { Image } from "../../src/codec/image.ts";
import type { Model } from "../../src/codec/model.ts";
import { psnr } from "../../src/codec/rate-distortion.ts";
import type { Target } from "../../src/codec/target.ts";
import { codeByModels } from "../../src/image/by-models.ts";
import { NO_WRAP } from "../../src/image/classical/wrap.ts";
import { decodePicture, type ModelSource } from "../../src/image/decode.ts";
import { type EncodedPicture, encodePicture } from "../../src/image/encode.ts";
import { rawPixels } from "../../src/image/raw.ts";
import { readImage } from "../../src/image/read.ts";
import { openModels } from "../../src/model/folder.ts";

let models: readonly Model[];
let source: ModelSource;
const sample = (name: string) => readFileSync(new URL(`../images/${name}.png`, import.meta.url));
const read = async (bytes: Uint8Array): Promise<Image> => (await readImage(bytes)).image;

async function drawn(content: string, width = 64, height = 64): Promise<Image> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`;
  return read(await sharp(Buffer.from(svg)).png().toBuffer());
}

const WHITE = '<rect width="100%" height="100%" fill="#fff"/>';
const LINES = `${WHITE}<path d="M5 5L60 30L20 60Z M8 50h40" fill="none" stroke="#000"/>`;
const WINDOW = `${WHITE}<rect width="96" height="12" fill="#246"/><g fill="#ddd"><rect x="6" y="20" width="50" height="5"/><rect x="6" y="30" width="80" height="5"/><rect x="60" y="46" width="30" height="12" fill="#2a6"/></g>`;

function noise(width: number, height: number): Image {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 24;
  };
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, next) };
}

async function store(image: Image, target: Target, effort = 0): Promise<EncodedPicture> {
  const made = await encodePicture(models, image, { target, effort });
  const decoded = await decodePicture(source, made.file);
  assert.deepEqual([decoded.width, decoded.height], [image.width, image.height]);
  assert.deepEqual(decoded.alpha, image.alpha);
  assert.ok(
    Object.is(psnr(image, decoded), made.psnr),
    `${psnr(image, decoded)} dB, said to be ${made.psnr}`,
  );
  return made;
}

const quality = (value: number): Target => ({ kind: "quality", quality: value });
const decibels = (value: number): Target => ({ kind: "psnr", decibels: value });

before(async () => {
  source = await openModels();
  models = [await (source as Awaited<ReturnType<typeof openModels>>).byName("faces")];
});

suite("each kind of picture", () => {
  const kinds: Record<string, () => Promise<Image>> = {
    "line art": () => drawn(LINES),
    text: () => drawn(`${WHITE}<text x="2" y="20" font-size="12">Hello</text><path d="M3 40h50v3h-50z"/>`),
    "a window": () => drawn(WINDOW, 96, 64),
    noise: async () => noise(40, 24),
    "a gradient": () =>
      drawn(
        '<linearGradient id="g"><stop stop-color="#f00"/><stop offset="1" stop-color="#00f"/></linearGradient><rect width="64" height="64" fill="url(#g)"/>',
      ),
    "a thing": () => read(sample("shoes-64")),
  };
  for (const [name, make] of Object.entries(kinds)) {
    test(`${name}: at most 4 bytes above any payload of equal PSNR`, async () => {
      const image = await make();
      for (const wanted of [30, 36]) {
        const rivals = await payloads(image, wanted);
        for (const effort of [0, 1]) {
          const { file, psnr: reached } = await store(image, decibels(wanted), effort);
          assert.ok(reached >= wanted);
          for (const { what, bytes } of rivals) {
            const found = `effort ${effort}, ${wanted} dB: ${file.length} bytes`;
            assert.ok(file.length <= bytes + 4, `${found}, ${what} takes ${bytes}`);
          }
        }
      }
    });

    test(`${name}: to a quality, too`, async () => {
      const image = await make();
      const { file, psnr: reached } = await store(image, quality(45), 1);
      for (const { what, bytes } of await payloads(image, reached)) {
        assert.ok(file.length <= bytes + 4, `${reached} dB: ${file.length} bytes, ${what} takes ${bytes}`);
      }
    });
  }

  test("to a PSNR at most three times the time of a plain file, where classical codecs stand no chance", async () => {
    const products = await (await openModels()).choose("products");
    const image = await read(sample("jacket-64"));
    const cost = async (wanted: Target): Promise<number> => {
      const before = process.cpuUsage();
      const { kind } = await encodePicture(products, image, { target: wanted, effort: 1 });
      const { user, system } = process.cpuUsage(before);
      assert.equal(kind, "latents");
      return user + system;
    };
    await cost(quality(50)); // loads the kernel, and sharp
    const [plain, targeted] = [await cost(quality(50)), await cost(decibels(30))];
    assert.ok(targeted < 3 * plain, `${targeted / plain} times`);
  });

  test("faces go to the model, what is drawn does not", async () => {
    const kindOf = async (image: Image) => (await store(image, quality(40))).kind;
    assert.equal(await kindOf(await read(sample("face-pearls-64"))), "latents");
    assert.notEqual(await kindOf(await drawn(WINDOW, 96, 64)), "latents");
  });

  test("any size from one pixel on: what models do not code, classical codecs do", async () => {
    for (const [width, height] of [
      [1, 1],
      [7, 64],
      [1025, 16],
    ] as const) {
      assert.notEqual((await store(noise(width, height), quality(30))).kind, "latents");
    }
  });

  test("a large photograph, by its middle", async () => {
    const data = await sharp(sample("parrot-64"))
      .removeAlpha()
      .resize(1400, 1000, { fit: "fill" })
      .raw()
      .toBuffer();
    const made = await store({ width: 1400, height: 1000, data }, quality(30));
    assert.ok(made.file.length < 40_000, `${made.file.length} bytes`);
  });
});

suite("alpha", () => {
  const round = '<circle cx="32" cy="32" r="30" fill="#28f"/><path d="M20 20h24v24z" fill="#fff"/>';

  test("survives, exactly, beside every kind", async () => {
    const circle = await drawn(round);
    assert.ok(circle.alpha);
    const face = { ...(await read(sample("face-pearls-64"))), alpha: circle.alpha };
    const found = new Set<Kind>();
    for (const image of [circle, face]) {
      for (const target of [quality(30), decibels(34), decibels(99)])
        found.add((await store(image, target)).kind);
    }
    assert.ok(found.has("latents") && found.has("vp8l"), [...found].join());
  });

  test("counts in --max-bytes, and the least possible includes it", async () => {
    const image = { ...(await read(sample("face-pearls-64"))), alpha: (await drawn(round)).alpha! };
    const made = await store(image, { kind: "bytes", maxBytes: 520 });
    assert.ok(made.file.length <= 520 && made.file.length > 490, `${made.file.length} bytes`);
    await assert.rejects(
      encodePicture(models, image, { target: { kind: "bytes", maxBytes: 100 }, effort: 0 }),
      /at most 100 bytes, the least possible is [345]\d\d$/,
    );
  });

  test("as noise of half a megapixel and more, which no alpha holds, is stored without loss", async () => {
    const image = { width: 800, height: 800, data: new Uint8Array(1_920_000) };
    const { data } = noise(800, 267);
    const made = await store({ ...image, alpha: data.subarray(0, 640_000) }, quality(50));
    assert.equal(made.kind, "vp8l");
  });

  test("all transparent is next to nothing", async () => {
    const image = { ...noise(64, 64), alpha: new Uint8Array(64 * 64) };
    const made = await encodePicture(models, image, { target: quality(50), effort: 0 });
    assert.ok(made.file.length < 60, `${made.file.length} bytes`);
    assert.deepEqual((await decodePicture(source, made.file)).alpha, image.alpha);
  });
});

test("the model that is chosen gives the file that it gives alone, and no other model a better one by its product", async () => {
  for (const name of ["face-pearls-64", "shoes-64"]) {
    const image = await read(sample(name));
    const wish = { target: quality(40), effort: 0, classical: false } as const;
    const chosen = await encodePicture(models, image, wish);
    const model = models.find(({ number }) => number === chosen.model)!;
    assert.deepEqual(await encodePicture([model], image, wish), chosen);
    const product = (m: Model): number => {
      const { file, sse } = encodeInOneRun(m, image, 40);
      return file.length * (sse + 1);
    };
    assert.equal(product(model), Math.min(...models.map(product)));
  }
});

test("the least possible is: a byte less is refused, as much is not", async () => {
  const image = await read(sample("face-pearls-64"));
  const of = (maxBytes: number) =>
    encodePicture(models, image, { target: { kind: "bytes", maxBytes }, effort: 0 });
  const least = await of(1).then(
    () => 0,
    (error: Error) => Number(/least possible is (\d+)$/.exec(error.message)?.[1]),
  );
  assert.equal((await of(least)).file.length, least);
  await assert.rejects(of(least - 1), new RegExp(`least possible is ${least}$`));
});

test("the least possible is met whatever was asked for, where bytes rise and fall with quality", async () => {
  const { width, height, data } = noise(24, 20);
  const image = {
    width,
    height,
    data: data.map((_, i) => [200, 30, 90][i % 3]!),
    alpha: data.subarray(0, width * height),
  };
  const of = (maxBytes: number) =>
    encodePicture([], image, { target: { kind: "bytes", maxBytes }, effort: 0 });
  const leastOf = (maxBytes: number): Promise<number> =>
    of(maxBytes).then(
      () => 0,
      (error: Error) => Number(/least possible is (\d+)$/.exec(error.message)?.[1]),
    );
  const least = await leastOf(1);
  assert.ok(least > 500, `${least}`);
  assert.equal(await leastOf(least - 1), least);
  for (const more of [0, 2]) assert.ok((await of(least + more)).file.length <= least + more);
});

test("45 bytes hold a picture of 64×64, although a file of quality 1 has more, and by the model that does it best", async () => {
  const free = await (await openModels()).choose("auto");
  const image = await read(sample("shoes-64"));
  const to45 = (some: readonly Model[]) =>
    encodePicture(some, image, { target: { kind: "bytes", maxBytes: 45 }, effort: 0 });
  const best = await to45(free);
  assert.ok(best.file.length <= 45 && best.psnr > 20, `${best.file.length} bytes, ${best.psnr} dB`);
  const each = await Promise.all(free.map((model) => to45([model])));
  assert.equal(best.psnr, Math.max(...each.map(({ psnr }) => psnr)));
  const usual = await encodePicture(free, image, { target: quality(1), effort: 0 });
  assert.ok(usual.file.length > 45, `${usual.file.length} bytes`);
});

test("models that one pass finds close are compared in their best orientations", async () => {
  const free = await (await openModels()).choose("portraits-3,products-3,photos-64"); // released: they never change
  const image = await read(sample("parrot-64"));
  const product = ({ file, sse }: { file: Uint8Array; sse: number }) => file.length * sse;
  const products = free.map((model) => product(encodeInOneRun(model, image, 50)));
  const first = free[products.indexOf(Math.min(...products))]!;
  for (const effort of [0, 1, 2]) {
    const coded = (models: readonly Model[]) =>
      codeByModels(models, image, NO_WRAP, { target: quality(50), effort })[0]!;
    const best = coded(free);
    assert.notEqual(best.model, first.number, "the picture has to be one where a single pass errs");
    assert.ok(product(best) < 0.99 * product(coded([first])), `effort ${effort}`);
  }
});

test("bytes of alpha do not count where models are compared", async () => {
  const free = await (await openModels()).choose("auto");
  const shoes = await sharp(sample("shoes-64"))
    .extract({ left: 8, top: 8, width: 24, height: 24 })
    .png()
    .toBuffer();
  const image = await read(shoes);
  const chosen = (maxBytes: number, bytes: number) => {
    const wrap = { bytes, around: (file: Uint8Array<ArrayBuffer>) => file };
    return codeByModels(free, image, wrap, { target: { kind: "bytes", maxBytes }, effort: 0 })[0]!.model;
  };
  assert.equal(chosen(308, 300), chosen(8, 0));
});

test("without a model and without classical codecs, it is the model that is missing", async () => {
  await assert.rejects(
    encodePicture([], noise(8, 8), { target: quality(50), effort: 0, classical: false }),
    new ZippyNetError("bad-model", "expected a model, got none, and no classical codec may stand in"),
  );
});

test("options out of range are refused for pictures of every size", async () => {
  const wrong: [Target, number, RegExp][] = [
    [quality(101), 0, /quality of 1–100, got 101/],
    [quality(Number.NaN), 0, /quality of 1–100, got NaN/],
    [decibels(-1), 0, /more than 0 dB, got -1/],
    [decibels("30" as unknown as number), 0, /more than 0 dB, got "30"/],
    [{ kind: "bytes", maxBytes: 0 }, 0, /1 or more as the most bytes, got 0/],
    [{ kind: "bytes", maxBytes: 1.5 }, 0, /got 1.5/],
    [decibels(30), 10, /effort of 0–9, got 10/],
    [quality(50), 0.5, /effort of 0–9, got 0.5/],
  ];
  for (const image of [noise(5, 5), noise(16, 16), noise(300, 300)]) {
    for (const [target, effort, message] of wrong) {
      await assert.rejects(encodePicture(models, image, { target, effort }), (error: unknown) => {
        assert.ok(error instanceof ZippyNetError && error.code === "bad-option", String(error));
        assert.match(error.message, message);
        return true;
      });
    }
  }
  assert.equal(
    (await store(noise(16, 16), decibels(Number.POSITIVE_INFINITY))).psnr,
    Number.POSITIVE_INFINITY,
  );
});

test("damaged frames and alpha give errors, no pixels and no crash", async () => {
  const image = { ...(await read(sample("shoes-64"))), alpha: (await drawn("<circle r='50'/>")).alpha! };
  const { file } = await encodePicture(models, image, { target: decibels(32), effort: 0 });
  const classical = readZn(file);
  assert.ok(classical.kind === "av1" || classical.kind === "vp8");
  const cut = writeClassical(classical.kind, classical.frame.subarray(0, 30));
  await assert.rejects(decodePicture(source, cut), { code: "bad-file" });
  const claims = classical.frame.slice();
  if (classical.kind === "vp8") claims[7] = 63;
  await decodePicture(source, writeClassical(classical.kind, claims)).catch((error: unknown) => {
    assert.ok(error instanceof ZippyNetError, String(error));
  });
});

/** The bare payloads of the codecs of sharp that reach a PSNR, at their strongest. */
async function payloads(image: Image, wanted: number): Promise<{ what: string; bytes: number }[]> {
  const picture = () => rawPixels(image);
  const found: { what: string; bytes: number }[] = [];
  const least = async (
    what: string,
    code: (quality: number) => Promise<Uint8Array>,
    payload: typeof av1Frame,
  ) => {
    const step = 5;
    for (let q = step; q <= 100; q += step) {
      const file = await code(q);
      const { data } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      if (psnr(image, { ...image, data }) >= wanted) {
        found.push({ what: `${what} at ${q}`, bytes: payload(file).length });
        return;
      }
    }
  };
  const webp = (file: Uint8Array) => webpFrame(file)!.payload;
  await least("webp", (q) => picture().webp({ quality: q, effort: 6 }).toBuffer(), webp);
  for (const chromaSubsampling of ["4:4:4", "4:2:0"]) {
    const code = (q: number) => picture().avif({ quality: q, effort: 9, chromaSubsampling }).toBuffer();
    await least(`avif ${chromaSubsampling}`, code, av1Frame);
  }
  const lossless = await picture().webp({ lossless: true, effort: 6 }).toBuffer();
  return [...found, { what: "lossless webp", bytes: webp(lossless).length }];
}
