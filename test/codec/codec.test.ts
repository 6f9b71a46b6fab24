/** Whole files with the real model: what is decoded is what was encoded, at any size, quality and batch. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeImage, decodeLatents } from "../../src/codec/decode.ts";
import { encodeImage, encodeInOneRun } from "../../src/codec/encode.ts";
import { readLatentsFile } from "../../src/codec/format/latents-file.ts";
import { type Image, isGrey } from "../../src/codec/image.ts";
import type { Model } from "../../src/codec/model.ts";
import { faces, madePicture, photographs, plainPrior, zippyError } from "./support.ts";

const model = await faces();
/** The same model with its prior in plain integers. */
const oracle: Model = {
  ...model,
  prior: plainPrior(model.architecture),
};

const quality = fc.integer({ min: 1, max: 100 });

/** Small for the most part: time goes with the area. */
const side = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 8, max: 33 }) },
  fc.integer({ min: 8, max: 72 }),
);

/** Mean square error over all images. */
function meanError(images: readonly Image[], decoded: readonly Image[]): number {
  let sum = 0;
  let count = 0;
  images.forEach(({ data }, i) => {
    data.forEach((value, at) => {
      sum += (value - decoded[i]!.data[at]!) ** 2;
    });
    count += data.length;
  });
  return sum / count;
}

test("the decoder finds the encoder's y_hat: sizes, qualities and kinds of picture", () => {
  fc.assert(
    fc.property(
      side,
      side,
      quality,
      fc.integer({ min: 1, max: 12 }),
      fc.nat(1e6),
      (width, height, q, n, seed) => {
        const images = Array.from({ length: n }, (_, i) => madePicture(width, height, seed + i, i === 1));
        const encoded = images.map((image) => encodeImage(model, image, q));
        encoded.forEach((one, i) => {
          const { header, orientation, yHat } = decodeLatents(model, one.file);
          assert.deepEqual(yHat, one.yHat);
          assert.equal(orientation, one.orientation);
          const grey = isGrey(images[i]!);
          assert.deepEqual(header, { model: 1, quality: one.quality, grey, width, height });
        });
      },
    ),
    { numRuns: 150 },
  );
});

test("every quality, 1 to 100", () => {
  const images = [0, 1, 2, 4].map((seed) => madePicture(16, 24, seed));
  for (let q = 1; q <= 100; q++) {
    for (const image of images) {
      const { file, yHat, quality } = encodeInOneRun(model, image, q);
      assert.equal(quality, q);
      assert.deepEqual(decodeLatents(model, file).yHat, yHat);
    }
  }
});

test("the prior in plain integers decodes what float32 encoded, and the other way round", async () => {
  for (const side of [42, 64]) {
    const photograph = (await photographs(side)).slice(0, 3);
    for (const q of [1, 35, 70, 100]) {
      for (const { file, yHat } of photograph.map((image) => encodeImage(model, image, q))) {
        assert.deepEqual(decodeLatents(oracle, file).yHat, yHat);
      }
    }
  }
  fc.assert(
    fc.property(
      fc.integer({ min: 8, max: 24 }),
      fc.integer({ min: 8, max: 24 }),
      quality,
      fc.nat(1e6),
      (width, height, q, seed) => {
        const image = madePicture(width, height, seed);
        const fast = encodeImage(model, image, q);
        assert.deepEqual(decodeLatents(oracle, fast.file).yHat, fast.yHat);
        assert.deepEqual(encodeImage(oracle, image, q), fast);
      },
    ),
    { numRuns: 100 },
  );
});

test("sizes at the limits: 8×8, 9×17, 1024×8, 8×1024, 1024×1024", () => {
  for (const [width, height] of [
    [8, 8],
    [9, 17],
    [1024, 8],
    [8, 1024],
    [1024, 1024],
  ] as const) {
    const image = madePicture(width, height, 1);
    const encoded = encodeImage(model, image, 40);
    assert.deepEqual(decodeLatents(model, encoded.file).yHat, encoded.yHat);
    if (width * height > 10000) continue; // pixels of the largest take long, and nothing of them is special
    const decoded = decodeImage(model, encoded.file);
    assert.deepEqual(
      [decoded.width, decoded.height, decoded.data.length],
      [width, height, width * height * 3],
    );
    assert.ok(meanError([image], [decoded]) < 1000); // of no domain, some of it tiny
  }
});

test("a picture gives the same file and pixels whatever the model coded before it", async () => {
  for (const [width, height, q] of [
    [42, 42, 50],
    [33, 20, 90],
    [64, 64, 5],
  ] as const) {
    const images = Array.from({ length: 9 }, (_, i) => madePicture(width, height, i, i === 4));
    const fresh = await faces();
    const files = images.map((image) => encodeImage(fresh, image, q).file);
    const decoded = files.map((file) => decodeImage(fresh, file));
    for (const [i, image] of [...images.entries()].reverse()) {
      assert.deepEqual(encodeImage(model, image, q).file, files[i]);
      assert.deepEqual(decodeImage(model, files[i]!), decoded[i]);
    }
    fresh.dispose();
  }
});

test("encoding the same picture twice gives the same bytes", () => {
  const image = madePicture(42, 42, 3);
  assert.deepEqual(encodeImage(model, image, 60), encodeImage(model, image, 60));
});

test("grey in, grey out", () => {
  const grey = madePicture(40, 40, 0, true);
  const { file } = encodeImage(model, grey, 80);
  assert.ok(readLatentsFile(file).header.grey);
  assert.ok(isGrey(decodeImage(model, file)));
  const colour = encodeImage(model, madePicture(40, 40, 0), 80).file;
  assert.ok(!readLatentsFile(colour).header.grey);
});

test("photographs: bytes within 1.5 % + 4 of the estimated bits, better with quality, a bounded error", async (t) => {
  for (const side of [42, 64]) {
    const images = await photographs(side);
    if (images.length === 0) return t.skip("no photographs in test/images");
    let last = { bytes: 0, error: Number.POSITIVE_INFINITY };
    for (const q of [1, 20, 50, 80, 100]) {
      const encoded = images.map((image) => encodeImage(model, image, q));
      for (const { file, estimatedBits } of encoded) {
        const estimate = estimatedBits / 8;
        // the header (4 bytes) is not in the estimate, nor is the flush
        assert.ok(file.length <= estimate * 1.015 + 4 + 1, `${file.length} bytes, estimated ${estimate}`);
        assert.ok(file.length >= estimate * 0.985, `${file.length} bytes, estimated ${estimate}`);
      }
      const bytes = encoded.reduce((sum, { file }) => sum + file.length, 0);
      const estimate = encoded.reduce((sum, { estimatedBits }) => sum + estimatedBits / 8, 0);
      assert.ok(
        Math.abs(bytes - estimate) <= estimate * 0.015 + 4 * images.length,
        `${bytes} and ${estimate}`,
      );
      const error = meanError(
        images,
        encoded.map(({ file }) => decodeImage(model, file)),
      );
      assert.ok(bytes > last.bytes && error < last.error, `quality ${q}: ${bytes} bytes, error ${error}`);
      last = { bytes, error };
    }
    // bounded on both sides: 30 dB or more, in 150 to 2000 bytes a picture
    const each = last.bytes / images.length;
    assert.ok(last.error < 65, `mean square error ${last.error}`);
    assert.ok(each > 150 && each < 2000, `${each} bytes`);
  }
});

test("what cannot be encoded is refused", () => {
  const image = madePicture(16, 16, 0);
  for (const q of [0, 101, 1.5, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => encodeImage(model, image, q),
      zippyError("bad-option", new RegExp(`1–100, got ${q}`)),
    );
  }
  assert.throws(
    () => encodeImage(model, { ...image, data: image.data.subarray(1) }, 50),
    zippyError("bad-image", /768 bytes .* got 767/),
  );
  assert.throws(
    () => encodeImage(model, { width: 7, height: 16, data: new Uint8Array(7 * 16 * 3) }, 50),
    zippyError("bad-image", /width/),
  );
});

test("what cannot be decoded is refused: another model's file, a wrong check byte", () => {
  const { file } = encodeImage(model, madePicture(16, 16, 0), 50);
  const with_ = (at: number, value: number) => file.map((byte, i) => (i === at ? value : byte));
  assert.throws(
    () => decodeImage(model, with_(0, 0xf0)),
    zippyError("unknown-model", /file of model 1, got one of model 4/),
  );
  for (let off = 1; off < 256; off++) {
    assert.throws(() => decodeImage(model, with_(2, file[2]! ^ off)), zippyError("bad-file", /check byte/));
  }
  assert.throws(() => decodeImage(model, new Uint8Array()), zippyError("bad-file", /got 0/));
  assert.throws(() => decodeImage(model, file.subarray(0, 3)), zippyError("bad-file", /check byte/));
});
