import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { psnr } from "../../src/codec/rate-distortion.ts";
import { resizeImage } from "../../src/image/fit.ts";
import { PICTURE_FORMAT_NAMES, type PictureFormat } from "../../src/image/formats.ts";
import { readImage } from "../../src/image/read.ts";
import { writeImage } from "../../src/image/write.ts";

const samples = ["face-hat-64", "face-pearls-64", "caps-96x64", "shoes-64"];
const read = async (name: string) =>
  (await readImage(readFileSync(new URL(`../images/${name}.png`, import.meta.url)))).image;

suite("writeImage", () => {
  for (const format of PICTURE_FORMAT_NAMES) {
    test(`${format} keeps size and, but for what does not show, pixels`, async () => {
      for (const name of samples) {
        const image = await read(name);
        const { image: again, mediaType } = await readImage(await writeImage(image, format));
        assert.equal(mediaType, `image/${format}`);
        const found = psnr(image, again);
        // saturated photographs are harder than what a model decodes, for which 40 dB were measured
        const atLeast = format === "png" ? Infinity : 34;
        assert.ok(found >= atLeast, `${name}: expected at least ${atLeast} dB, got ${found}`);
      }
    });
  }

  test("sides that a format cannot have are refused by their number", async () => {
    const longest = { png: 70_000, webp: 16_383, avif: 16_384, jpeg: 65_500 } as const;
    const wide = (width: number) => ({ width, height: 1, data: new Uint8Array(3 * width) });
    for (const format of PICTURE_FORMAT_NAMES) {
      assert.ok((await writeImage(wide(longest[format]), format)).length > 0);
      if (format === "png") continue;
      const side = longest[format] + 1;
      await assert.rejects(writeImage(wide(side), format), {
        name: "ZippyNetError",
        code: "too-large",
        message: `expected sides of at most ${side - 1} pixels for ${format}, got ${side}×1`,
      });
    }
  });

  test("quality is the format's own", async () => {
    const image = await read("face-hat-64");
    for (const format of ["webp", "avif", "jpeg"] as const) {
      const low = await writeImage(image, format, { quality: 20 });
      const high = await writeImage(image, format, { quality: 90 });
      assert.ok(low.length < high.length / 2, `${format}: ${low.length}, ${high.length}`);
    }
  });

  test("what it cannot do is refused", async () => {
    const image = await read("face-hat-64");
    const refused: [PictureFormat, number | undefined, RegExp][] = [
      ["bmp" as PictureFormat, undefined, /expected a format of png, webp, .*, got bmp/],
      ["png", 80, /no quality for png/],
      ["webp", 0, /quality of 1–100, got 0/],
      ["jpeg", 101, /quality of 1–100, got 101/],
      ["avif", 50.5, /quality of 1–100, got 50.5/],
    ];
    for (const [format, quality, message] of refused) {
      await assert.rejects(writeImage(image, format, quality === undefined ? {} : { quality }), (error) => {
        assert.ok(error instanceof ZippyNetError);
        assert.equal(error.code, "bad-option");
        assert.match(error.message, message);
        return true;
      });
    }
  });
});

suite("resizeImage", () => {
  test("covers and crops evenly", async () => {
    const image = await read("caps-96x64");
    const small = await resizeImage(image, 42, 42);
    assert.deepEqual([small.width, small.height, small.data.length], [42, 42, 42 * 42 * 3]);
    assert.equal(await resizeImage(image, 96, 64), image);
  });

  test("a flat picture stays flat", async () => {
    const flat = { width: 64, height: 48, data: new Uint8Array(64 * 48 * 3).fill(77) };
    assert.ok((await resizeImage(flat, 21, 33)).data.every((sample) => sample === 77));
  });
});

suite("psnr", () => {
  const image = (...data: number[]) => ({ width: data.length / 3, height: 1, data: Uint8Array.from(data) });

  test("by hand", () => {
    assert.equal(psnr(image(1, 2, 3), image(1, 2, 3)), Infinity);
    assert.equal(psnr(image(0, 0, 0), image(255, 255, 255)), 0);
    // squared errors 1, 4, 0, 0, 0, 1: a mean of 1
    assert.ok(Math.abs(psnr(image(5, 5, 5, 5, 5, 5), image(6, 3, 5, 5, 5, 4)) - 48.1308) < 1e-4);
  });

  test("of two sizes is refused", () => {
    assert.throws(() => psnr(image(1, 2, 3), image(1, 2, 3, 4, 5, 6)), /one size, got 1×1 and 2×1/);
  });
});
