import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import sharp from "sharp";
import { sniff } from "../../src/image/sniff.ts";

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const brands = (major: string, ...others: string[]): Buffer => {
  const box = latin1(`\0\0\0\0ftyp${major}\0\0\0\0${others.join("")}`);
  box.writeUInt32BE(box.length, 0);
  return box;
};

test("types by their first bytes", () => {
  const expected: [Buffer, string | undefined][] = [
    [latin1("II*\0"), "image/tiff"],
    [latin1("MM\0*"), "image/tiff"],
    [latin1("MM\0+\0\x08"), "image/tiff"],
    [latin1("GIF87a"), "image/gif"],
    [latin1("\xff\x0a"), "image/jxl"],
    [latin1("\0\0\0\x0cJXL \r\n\x87\n"), "image/jxl"],
    [latin1("RIFF\0\0\0\0WAVE"), "application/x-riff"],
    [brands("avif", "mif1", "miaf"), "image/avif"],
    [brands("mif1", "avif", "miaf"), "image/avif"],
    [brands("avis", "avif", "msf1"), "image/avif"],
    [brands("heic", "mif1"), "image/heic"],
    [brands("mif1", "heic"), "image/heic"],
    [brands("mif1"), "image/heif"],
    [brands("isom", "mp42"), "video/mp4"],
    [latin1("\xef\xbb\xbf  <!-- a drawing -->\n<svg>"), "image/svg+xml"],
    [latin1("<!DOCTYPE html><p>"), "text/html"],
    [latin1("BM\x36\x30\0\0\0\0\0\0\x36\0\0\0"), "image/bmp"],
    [latin1("BM\x36\x30\0\0\0\0\0"), undefined],
    [latin1("BMW drives and other words"), undefined],
    [latin1("PK\x03\x04"), "application/zip"],
    [latin1(""), undefined],
    [latin1("\xff\xd8"), undefined],
    [latin1("hello"), undefined],
  ];
  for (const [bytes, mediaType] of expected) assert.equal(sniff(bytes), mediaType, bytes.toString("latin1"));
});

test("what sharp writes", async () => {
  for (const format of ["jpeg", "png", "webp", "avif", "gif", "tiff"] as const) {
    const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } });
    assert.equal(sniff(await picture.toFormat(format).toBuffer()), `image/${format}`);
  }
});

test("any bytes give an answer, within a view of a larger buffer too", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(16), (bytes, offset) => {
      const larger = new Uint8Array(offset + bytes.length + 16).fill(0x66);
      larger.set(bytes, offset);
      assert.equal(sniff(larger.subarray(offset, offset + bytes.length)), sniff(bytes));
    }),
  );
});
