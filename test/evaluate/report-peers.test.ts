import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import sharp from "sharp";
import type { Image } from "../../src/codec/image.ts";
import { METRICS, SSIM } from "../../src/evaluate/measure/metrics.ts";
import { JPEG_2000, withoutComments } from "../../src/evaluate/peers/jpeg-2000.ts";
import { JPEG_XL } from "../../src/evaluate/peers/jpeg-xl.ts";
import { estimatedQuality, mogrify, readPixels } from "../../src/evaluate/peers/magick.ts";
import { measure, PEERS, type Peer } from "../../src/evaluate/peers/peer.ts";
import { THUMBHASH } from "../../src/evaluate/peers/thumbhash.ts";
import { largestWithin } from "../../src/evaluate/report/equal-bytes.ts";
import { npy } from "../../src/evaluate/report/study.ts";
import { readImage } from "../../src/image/read.ts";
import { IMAGES } from "../cli/run.ts";

const read = async (name: string): Promise<Image> =>
  (await readImage(readFileSync(`${IMAGES}/${name}.png`))).image;
const png = readFileSync(`${IMAGES}/face-hat-64.png`);

suite("codecs beside ours", () => {
  /** Bytes that a file begins with, and a range of PSNR in dB that its lowest and highest quality fall in. */
  const expected: readonly [Peer, string, number, number][] = [
    [JPEG_2000, "ff4fff51", 16, 60],
    [JPEG_XL[0]!, "ff0a", 18, 45],
    [JPEG_XL[1]!, "ff0a", 18, 45],
    [THUMBHASH, "", 12, 25],
  ];
  for (const [peer, magic, low, high] of expected) {
    test(`${peer.name}: more bytes, more alike, whatever the shape`, async () => {
      for (const image of [await read("face-hat-64"), await read("caps-96x64")]) {
        const qualities = new Set([peer.qualities[0]!, peer.qualities.at(-1)!]);
        const found = [];
        for (const quality of qualities) found.push(await measure(peer, image, quality, METRICS));
        const [least, most] = [found[0]!, found.at(-1)!];
        assert.ok(least.psnr > low && most.psnr < high, JSON.stringify(found));
        assert.ok(least.bytes < 400 && most.bytes < image.data.length, JSON.stringify(found));
        if (qualities.size === 1) continue;
        assert.ok(most.bytes > least.bytes && most.psnr > 32 && most.ssim! > 0.98, JSON.stringify(found));
      }
      const file = await peer.encode(await read("face-hat-64"), peer.qualities[0]!);
      assert.ok(Buffer.from(file).toString("hex").startsWith(magic));
    });
  }

  test("JPEG 2000 goes without comments", async () => {
    const file = await JPEG_2000.encode(await read("face-hat-64"), 200);
    assert.ok(!Buffer.from(file).includes("OpenJPEG"));
    const comment = Buffer.from("ff640005000141", "hex");
    const commented = Buffer.concat([file.subarray(0, 2), comment, file.subarray(2)]);
    assert.deepEqual(withoutComments(commented), file);
  });

  test("the largest file within a limit, else the smallest", async () => {
    const image = await read("face-hat-64");
    for (const [limit, most] of [
      [500, 500],
      [10, 400],
    ] as const) {
      const { bytes, image: decoded, psnr } = await largestWithin(JPEG_2000, image, limit);
      assert.ok(bytes <= most && psnr > 16 && decoded.width === 64);
    }
  });

  test("a limit is for the payload, where the codec has one: AVIF's boxes take 250 bytes", async () => {
    const avif = PEERS.find(({ name }) => name === "avif")!;
    const { bytes, psnr } = await largestWithin(avif, await read("face-hat-64"), 200);
    assert.ok(bytes > 100 && bytes <= 200 && psnr > 20, `got ${bytes} bytes, ${psnr} dB`);
  });
});

suite("ImageMagick", () => {
  test("stores as JPEG, and names the quality", async () => {
    const files = [await mogrify(png, 75), await mogrify(png, 95)];
    assert.deepEqual(await Promise.all(files.map(estimatedQuality)), [75, 95]);
    assert.ok(files[1]!.length > 1.3 * files[0]!.length);
    assert.equal((await sharp(files[0]!).metadata()).format, "jpeg");
    const others = await sharp(png).jpeg({ quality: 60 }).toBuffer();
    assert.equal(await estimatedQuality(others), 60);
  });

  test("reads pixels without loss", async () => {
    assert.deepEqual(await readPixels(png), await read("face-hat-64"));
  });
});

test("56 numbers take 352 bytes as .npy, which says what it holds", () => {
  const file = Buffer.from(npy(Float32Array.from({ length: 56 }, (_, i) => i / 2)));
  assert.equal(file.length, 352);
  assert.equal(file.subarray(0, 8).toString("latin1"), "\x93NUMPY\x01\x00");
  assert.equal(file.readUInt16LE(8), 118);
  assert.match(file.subarray(10, 128).toString(), /^\{'descr': '<f4', .*'shape': \(56,\), \} +\n$/);
  assert.equal(file.readFloatLE(128 + 4 * 55), 27.5);
});

test("SSIM is 1 for equals, less with noise, least with another picture", async () => {
  const [hat, pearls] = [await read("face-hat-64"), await read("face-pearls-64")];
  const noisy = { ...hat, data: hat.data.map((sample, i) => Math.min(255, sample + ((i * 37) % 40))) };
  assert.equal(SSIM.of(hat, hat), 1);
  const [little, much] = [SSIM.of(hat, noisy), SSIM.of(hat, pearls)];
  assert.ok(little < 0.99 && little > 0.5 && much < 0.4, `got ${little} and ${much}`);
});
