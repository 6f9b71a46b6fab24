import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assertImage, isGrey } from "../../src/codec/image.ts";
import {
  blockSize,
  fromBlocks,
  inPictureUnit,
  padding,
  toBlocks,
} from "../../src/codec/network/autoencoder.ts";
import { madePicture, zippyError } from "./support.ts";

const side = fc.integer({ min: 8, max: 70 });

test("pixels → blocks → pixels is the identity", () => {
  fc.assert(
    fc.property(side, side, fc.nat(1000), (width, height, seed) => {
      const image = madePicture(width, height, seed);
      const { rows, columns } = blockSize(width, height);
      const blocks = new Float32Array(5 + rows * columns * 12);
      toBlocks(image, blocks, 5);
      assert.deepEqual(fromBlocks(inPictureUnit(blocks.subarray(5)), width, height, false), image);
    }),
    { numRuns: 300 },
  );
});

test("padding repeats the nearest edge pixel, the smaller half before the image", () => {
  fc.assert(
    fc.property(side, side, fc.nat(1000), (width, height, seed) => {
      const image = madePicture(width, height, seed);
      const { rows, columns } = blockSize(width, height);
      const { left, top } = padding(width, height);
      assert.equal(left, Math.floor((2 * columns - width) / 2));
      assert.equal(top, Math.floor((2 * rows - height) / 2));
      const blocks = new Float32Array(rows * columns * 12);
      toBlocks(image, blocks, 0);
      for (let y = 0; y < 2 * rows; y++) {
        for (let x = 0; x < 2 * columns; x++) {
          const nearX = Math.max(0, Math.min(width - 1, x - left));
          const nearY = Math.max(0, Math.min(height - 1, y - top));
          for (let k = 0; k < 3; k++) {
            const block = blocks[((y >> 1) * columns + (x >> 1)) * 12 + ((y & 1) * 2 + (x & 1)) * 3 + k]!;
            const pixel = image.data[(nearY * width + nearX) * 3 + k]!;
            assert.equal(block, Math.fround(pixel / 255 - 0.5));
          }
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("42 pixels sit at offset 3 of 48", () => {
  assert.deepEqual(padding(42, 42), { left: 3, top: 3 });
  assert.deepEqual(padding(8, 9), { left: 0, top: 3 });
  assert.deepEqual(padding(1024, 1023), { left: 0, top: 0 });
});

test("values are rounded to the nearest level and clipped", () => {
  const blocks = new Float32Array(4 * 4 * 12);
  const levels = [-9, -0.51, -0.5, 0.5, 0.51, 9, 0.4 / 255 - 0.5, 0.6 / 255 - 0.5, 254.4 / 255 - 0.5];
  blocks.set(levels);
  const { data } = fromBlocks(inPictureUnit(blocks), 8, 8, false);
  assert.deepEqual([...data.subarray(0, 6)], [0, 0, 0, 255, 255, 255]);
  assert.deepEqual([...data.subarray(24, 27)], [0, 1, 254]);
});

test("grey: one luma in all three channels", () => {
  const blocks = inPictureUnit(
    Float32Array.from({ length: 4 * 4 * 12 }, (_, i) => ((i * 7919) % 255) / 255 - 0.5),
  );
  const colour = fromBlocks(blocks, 8, 8, false);
  const grey = fromBlocks(blocks, 8, 8, true);
  assert.ok(isGrey(grey));
  assert.ok(!isGrey(colour));
  for (let i = 0; i < grey.data.length; i += 3) {
    const luma = 0.299 * colour.data[i]! + 0.587 * colour.data[i + 1]! + 0.114 * colour.data[i + 2]!;
    assert.ok(Math.abs(grey.data[i]! - luma) <= 1);
  }
});

test("images that cannot be coded are refused before anything else", () => {
  const refuse = (width: number, height: number, length: number, text: RegExp) =>
    assert.throws(
      () => assertImage({ width, height, data: new Uint8Array(length) }),
      zippyError("bad-image", text),
    );
  refuse(7, 8, 168, /width of 8–1024 pixels, got 7/);
  refuse(8, 1025, 0, /height of 8–1024 pixels, got 1025/);
  refuse(8.5, 8, 204, /got 8.5/);
  refuse(Number.NaN, 8, 0, /got NaN/);
  refuse(20000, 20000, 0, /got 20000/);
  refuse(8, 8, 191, /192 bytes of RGB for 8×8 pixels, got 191/);
  refuse(8, 8, 256, /got 256/);
});
