import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, suite, test } from "node:test";
import sharp from "sharp";
import type { Image } from "../../src/codec/image.ts";
import { distance, findPackage, openRecogniser, type Recogniser } from "../../src/evaluate/measure/faces.ts";
import { resizeImage } from "../../src/image/fit.ts";
import { readImage } from "../../src/image/read.ts";
import { IMAGES } from "../cli/run.ts";

suite("faces", () => {
  let recogniser: Recogniser;
  before(async () => {
    recogniser = await openRecogniser();
  });
  const small = async (name: string): Promise<Image> =>
    resizeImage((await readImage(readFileSync(`${IMAGES}/${name}.png`))).image, 42, 42);

  test("are found in pictures of 42 pixels, and not where there is none", async () => {
    for (const name of ["face-hat-64", "face-pearls-64"]) {
      const square = (await recogniser.find(await small(name)))!;
      assert.ok(square.width > 0.3 && square.width <= 1, JSON.stringify(square));
      assert.ok(square.left >= 0 && square.left + square.width <= 1.001, JSON.stringify(square));
      assert.ok(square.top >= 0 && square.top + square.height <= 1.001, JSON.stringify(square));
    }
    assert.equal(await recogniser.find(await small("jacket-64")), undefined);
  });

  test("are nearer to a poor JPEG of themselves than to another face", async () => {
    const [one, other] = [await small("face-hat-64"), await small("face-pearls-64")];
    const square = (await recogniser.find(one))!;
    const original = await recogniser.describe(one, square);
    assert.equal(original.length, 128);
    assert.equal(distance(original, await recogniser.describe(one, square)), 0);
    const raw = { width: one.width, height: one.height, channels: 3 } as const;
    const jpeg = await sharp(one.data, { raw }).jpeg({ quality: 90 }).toBuffer();
    const same = distance(original, await recogniser.describe((await readImage(jpeg)).image, square));
    const different = distance(original, await recogniser.describe(other, (await recogniser.find(other))!));
    assert.ok(same > 0 && same < different, `${same} to itself, ${different} to another`);
  });
});

test("a package that is not there is named, with what to do", () => {
  assert.throws(() => findPackage("@vladmandic/no-such-package"), {
    name: "RangeError",
    message: /needs the package @vladmandic\/no-such-package, which is not installed: npm install/,
  });
});
