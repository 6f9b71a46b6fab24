import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import fc from "fast-check";
import sharp, { type Sharp } from "sharp";
import { type ErrorCode, ZippyNetError } from "../../src/codec/errors.ts";
import { laidOnWhite } from "../../src/codec/image.ts";
import { psnr } from "../../src/codec/rate-distortion.ts";
import { readImage } from "../../src/image/read.ts";
import { tiff } from "./made/tiff.ts";
import { chunk, hollowPng, png } from "./png.ts";

const face = readFileSync(new URL("../images/face-hat-64.png", import.meta.url));
const caps = readFileSync(new URL("../images/caps-96x64.png", import.meta.url));
const { image: pixels } = await readImage(face);

const refuses = (bytes: Uint8Array, code: ErrorCode, message: RegExp, limits = {}): Promise<void> =>
  assert.rejects(readImage(bytes, limits), (error: unknown) => {
    assert.ok(error instanceof ZippyNetError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });

suite("readable types", () => {
  const coded: [string, string, (picture: Sharp) => Sharp, number, note?: string][] = [
    ["JPEG", "image/jpeg", (p) => p.jpeg({ quality: 95, chromaSubsampling: "4:4:4" }), 36],
    ["progressive JPEG", "image/jpeg", (p) => p.jpeg({ quality: 95, progressive: true }), 30],
    ["PNG", "image/png", (p) => p.png(), Infinity],
    ["interlaced PNG", "image/png", (p) => p.png({ progressive: true }), Infinity],
    ["PNG with a palette", "image/png", (p) => p.png({ palette: true }), 28],
    ["lossy WebP", "image/webp", (p) => p.webp({ quality: 95 }), 30],
    ["lossless WebP", "image/webp", (p) => p.webp({ lossless: true }), Infinity],
    ["AVIF", "image/avif", (p) => p.avif({ quality: 90 }), 36],
    ["AVIF of 10 bits", "image/avif", (p) => p.avif({ quality: 90, bitdepth: 10 }), 36],
    ["GIF", "image/gif", (p) => p.gif(), 28],
    ["TIFF", "image/tiff", (p) => p.tiff({ compression: "lzw" }), Infinity],
    [
      "CMYK JPEG",
      "image/jpeg",
      (p) => p.toColourspace("cmyk").jpeg({ quality: 95 }),
      20,
      "converted from CMYK",
    ],
    ["16-bit TIFF", "image/tiff", (p) => p.toColourspace("rgb16").tiff({ compression: "deflate" }), 50],
    ["PNG in Display P3", "image/png", (p) => p.withIccProfile("p3").png(), 38, "converted from sP3C"],
  ];
  for (const [name, mediaType, code, atLeast, note] of coded) {
    test(`${name} comes back as its sRGB pixels`, async () => {
      const { image, ...read } = await readImage(await code(sharp(face)).toBuffer());
      assert.equal(read.mediaType, mediaType);
      assert.deepEqual([image.width, image.height, image.data.length], [64, 64, 64 * 64 * 3]);
      assert.deepEqual(read.notes, note ? [note] : []);
      const found = psnr(image, pixels);
      assert.ok(found >= atLeast, `expected at least ${atLeast} dB, got ${found}`);
    });
  }
});

suite("samples", () => {
  const ramp = Array.from({ length: 256 }, (_, i) => i);

  test("16 bits become 8, grey becomes three equal channels", async () => {
    const { image, original } = await readImage(
      png(
        { width: 16, height: 16, channels: 1, depth: 16 },
        ramp.map((v) => v * 257),
      ),
    );
    assert.deepEqual([original.depth, original.channels], ["ushort", 1]);
    assert.deepEqual(
      [...image.data],
      ramp.flatMap((v) => [v, v, v]),
    );
  });

  test("opaque alpha goes without a trace", async () => {
    const samples = ramp.flatMap((v) => [v, 255 - v, 7, 255]);
    const { image, original, notes } = await readImage(
      png({ width: 16, height: 16, channels: 4, depth: 8 }, samples),
    );
    assert.deepEqual(
      [...image.data],
      ramp.flatMap((v) => [v, 255 - v, 7]),
    );
    assert.equal(original.hasAlpha, true);
    assert.deepEqual(notes, []);
  });

  test("alpha stands beside the colours", async () => {
    const alphas = [0, 255, 128];
    const samples = alphas.flatMap((alpha) => [100, 0, 200, alpha]);
    const { image } = await readImage(png({ width: 3, height: 1, channels: 4, depth: 8 }, samples));
    assert.deepEqual([...image.data], [100, 0, 200, 100, 0, 200, 100, 0, 200]);
    assert.deepEqual([...image.alpha!], alphas);
    assert.deepEqual([...laidOnWhite(image).data], [255, 255, 255, 100, 0, 200, 177, 127, 227]);
  });

  test("grey with 16-bit alpha", async () => {
    const { image } = await readImage(
      png({ width: 2, height: 1, channels: 2, depth: 16 }, [100 * 257, 65535, 100 * 257, 0]),
    );
    assert.deepEqual([...image.data], [100, 100, 100, 100, 100, 100]);
    assert.deepEqual([...image.alpha!], [255, 0]);
  });

  test("one colour of a PNG is transparent, of 16 bits only where all bits agree", async () => {
    const clear = (values: readonly number[]): Buffer => {
      const bytes = Buffer.alloc(2 * values.length);
      for (const [i, value] of values.entries()) bytes.writeUInt16BE(value, 2 * i);
      return chunk("tRNS", bytes);
    };
    for (const channels of [1, 3] as const) {
      for (const [depth, levels] of [
        [8, [0x40, 0x41, 0x40]],
        [16, [0x4040, 0x4041, 0x4040]],
      ] as const) {
        const samples = levels.flatMap((level) => new Array<number>(channels).fill(level));
        const key = clear(new Array<number>(channels).fill(levels[0]));
        const { image } = await readImage(png({ width: 3, height: 1, channels, depth }, samples, [key]));
        assert.deepEqual([...image.alpha!], [0, 255, 0], `${channels} × ${depth} bits`);
      }
    }
  });

  test("1×1", async () => {
    const { image } = await readImage(png({ width: 1, height: 1, channels: 3, depth: 8 }, [1, 2, 3]));
    assert.deepEqual(image, { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) });
  });
});

suite("orientation and frames", () => {
  const upright = readImage(caps);

  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
    test(`EXIF orientation ${orientation} is applied`, async () => {
      const turned = await sharp(caps).withMetadata({ orientation }).png().toBuffer();
      const { image, original } = await readImage(turned);
      assert.equal(original.orientation, orientation);
      assert.deepEqual([original.width, original.height], [96, 64]);
      assert.deepEqual([image.width, image.height], orientation < 5 ? [96, 64] : [64, 96]);
      const { image: stored } = await upright;
      // where the top left sample of the upright picture stands in the stored one, by the EXIF specification
      const [x, y] = (
        [
          [0, 0],
          [95, 0],
          [95, 63],
          [0, 63],
          [0, 0],
          [0, 63],
          [95, 63],
          [95, 0],
        ] as const
      )[orientation - 1]!;
      const at = (y * 96 + x) * 3;
      assert.deepEqual(image.data.subarray(0, 3), stored.data.subarray(at, at + 3));
    });
  }

  for (const format of ["gif", "webp"] as const) {
    test(`an animated ${format} gives its first frame and a note`, async () => {
      const frames = [
        face,
        await sharp(face).negate().png().toBuffer(),
        await sharp(face).blur(3).toBuffer(),
      ];
      const options = format === "webp" ? { lossless: true } : {};
      const bytes = await sharp(frames, { join: { animated: true } })
        .toFormat(format, options)
        .toBuffer();
      const { image, original, notes } = await readImage(bytes);
      assert.equal(original.pages, 3);
      assert.deepEqual(notes, ["first of 3 frames"]);
      assert.deepEqual([image.width, image.height], [64, 64]);
      assert.ok(psnr(image, pixels) > 25);
    });
  }
});

suite("refused", () => {
  test("0 bytes", () =>
    refuses(new Uint8Array(0), "bad-image", /expected an image of type jpeg, png.*, got 0 bytes/));
  test("text", () =>
    refuses(Buffer.from("hello, world"), "bad-image", /got unknown bytes \(68656c6c6f2c2077…\)/));
  test("SVG", () =>
    refuses(
      Buffer.from('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'),
      "bad-image",
      /got image\/svg\+xml/,
    ));
  test("PDF", () => refuses(Buffer.from("%PDF-1.7\n"), "bad-image", /got application\/pdf/));
  test("BMP", () => refuses(Buffer.from("BM\0\0\0\0\0\0\0\0"), "bad-image", /got image\/bmp/));
  test("a signature and nothing else", () =>
    refuses(face.subarray(0, 8), "bad-image", /expected a whole image\/png, got a damaged one/));

  const cut: [string, (picture: Sharp) => Sharp][] = [
    ["JPEG", (p) => p.jpeg()],
    ["progressive JPEG", (p) => p.jpeg({ progressive: true })],
    ["PNG", (p) => p.png()],
    ["WebP", (p) => p.webp()],
    ["AVIF", (p) => p.avif()],
    ["GIF", (p) => p.gif()],
    ["TIFF", (p) => p.tiff()],
  ];
  for (const [name, code] of cut) {
    test(`a truncated ${name}`, async () => {
      const whole = await code(sharp(face)).toBuffer();
      for (const part of [0.2, 0.5, 0.8, 0.98]) {
        const bytes = whole.subarray(0, Math.floor(whole.length * part));
        await refuses(bytes, "bad-image", /damaged/);
      }
    });
  }

  test("20,000×20,000 pixels, before any is allocated", async () => {
    const before = process.memoryUsage().rss;
    await refuses(hollowPng(20_000, 20_000), "too-large", /at most 25000000 pixels, got 20000×20000/);
    assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024);
  });
  test("sides that nothing codes, before any pixel is decoded", async () => {
    const longest = hollowPng(16_383, 1); // has no pixels
    await refuses(longest, "bad-image", /damaged/);
    for (const [width, height] of [
      [16_384, 1],
      [1, 25_000_000],
    ] as const)
      await refuses(hollowPng(width, height), "too-large", /sides of at most 16383 pixels, got \d+×\d+/);
    // libvips would take minutes for it
    const wide = {
      width: 1_000_000,
      height: 16,
      bands: 1,
      bits: 8,
      tags: [[322, 16] as const, [323, 16] as const],
    };
    await refuses(tiff(wide, [0]), "too-large", /sides of at most 16383 pixels, got 1000000×16/);
  });
  test("more pixels than asked", () =>
    refuses(face, "too-large", /at most 4095 pixels, got 64×64/, { maxPixels: 4095 }));
  test("more bytes than asked", () =>
    refuses(face, "too-large", /at most 1000 bytes, got \d+/, { maxBytes: 1000 }));

  test("altered files give an image or a clear error", async () => {
    const picture = sharp(face).resize(16, 16);
    const formats = ["jpeg", "png", "webp", "avif", "gif", "tiff"] as const;
    const files = await Promise.all(formats.map((format) => picture.clone().toFormat(format).toBuffer()));
    const changes = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), changes, async (file, changes) => {
        const bytes = Buffer.from(file);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        try {
          const { image } = await readImage(bytes, { maxPixels: 1 << 20 });
          assert.equal(image.data.length, image.width * image.height * 3);
        } catch (error) {
          assert.ok(error instanceof ZippyNetError, String(error));
          assert.ok(error.code === "bad-image" || error.code === "too-large");
        }
      }),
      { numRuns: 300 },
    );
  });
});
