import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import sharp from "sharp";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { readImage } from "../../src/image/read.ts";
import { avif, box, coded } from "./made/avif.ts";
import { chart, HEIGHT, WIDTH } from "./made/chart.ts";

const odd = (name: string): Buffer => readFileSync(new URL(`../odd-images/${name}`, import.meta.url));
const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

const refuses = (bytes: Uint8Array, message: RegExp): Promise<void> =>
  assert.rejects(readImage(bytes), (error: unknown) => {
    assert.ok(error instanceof ZippyNetError && error.code === "bad-image", String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /damaged/);
    return true;
  });

suite("whole, but not read: what it is, and what to do", () => {
  const kinds: readonly [string, Buffer, RegExp][] = [
    ["JPEG of 12 bits", odd("j04-12bit.jpg"), /got a JPEG of 12 bits a sample: save it as a baseline/],
    ["JPEG XL", latin1("\xff\x0a rest"), /got image\/jxl \(JPEG XL\): convert it to PNG or JPEG first/],
    ["JPEG 2000", latin1("\0\0\0\x0cjP  \r\n\x87\n"), /got image\/jp2 \(JPEG 2000\): convert/],
    ["a bare codestream of JPEG 2000", latin1("\xff\x4f\xff\x51\0\x2f"), /JPEG 2000/],
    ["JPEG XR", latin1("II\xbc\x01rest"), /JPEG XR/],
    ["BMP", latin1("BM\x36\x30\0\0\0\0\0\0\x36\0\0\0"), /got image\/bmp: convert it to PNG first/],
    ["ICO", latin1("\0\0\x01\0\x01\0\x10\x10"), /got image\/x-icon, a set of icons: save one of them/],
    ["PSD", latin1("8BPS\0\x01"), /\(PSD\): save it as PNG or TIFF first/],
    ["SVG", latin1('<svg xmlns="http://www.w3.org/2000/svg"/>'), /got image\/svg\+xml, a drawing: render it/],
    ["an empty SVG", latin1("<svg/>"), /got image\/svg\+xml, a drawing: render it/],
    ["PDF", latin1("%PDF-1.7\n"), /got application\/pdf: render its page/],
    ["QOI", latin1("qoif\0\0\0\x01"), /got image\/qoi/],
    ["OpenEXR", latin1("\x76\x2f\x31\x01"), /OpenEXR/],
    ["Radiance", latin1("#?RADIANCE\n"), /\(HDR\)/],
    ["Netpbm", latin1("P6\n4 4\n255\n"), /x-portable-anymap/],
    ["MP4", latin1("\0\0\0\x18ftypisom\0\0\0\0mp42isom"), /got video\/mp4, a film: save one of its frames/],
    ["gzip", latin1("\x1f\x8b\x08\0"), /got application\/gzip: unpack it/],
  ];
  for (const [name, bytes, message] of kinds) test(name, () => refuses(bytes, message));

  test("HEIC, and other pictures in HEIF", async () => {
    const size = { width: WIDTH, height: HEIGHT };
    const picture = await coded(chart("RGB"), size, 8);
    for (const brand of ["heic", "heix", "mif1", "avif"])
      await refuses(
        avif({ ...size, picture, brand, type: "hvc1" }),
        /got HEIC \(a picture in HEVC\): convert it to JPEG or AVIF first/,
      );
    await refuses(
      avif({ ...size, picture, brand: "mif1", type: "j2k1" }),
      /got HEIF with a picture in JPEG 2000: convert/,
    );
    await refuses(
      avif({ ...size, picture, brand: "mif1", type: "unci" }),
      /got HEIF with uncompressed pixels: convert/,
    );
    await refuses(avif({ ...size, picture, brand: "mif1", type: "odd " }), /a picture of the type "odd "/);
    // of two pictures in AV1, for more bits or a brighter screen
    for (const type of ["sato", "tmap"])
      await refuses(
        avif({ ...size, picture, tile: picture, type }),
        new RegExp(`a picture of the type "${type}"`),
      );
  });

  test("AVIF that asks for something to be understood that is not", async () => {
    const size = { width: WIDTH, height: HEIGHT };
    const picture = await coded(chart("RGB"), size, 8);
    const parts = { ...size, picture, properties: [box("odd ", "what")] };
    await refuses(
      avif({ ...parts, essential: true }),
      /got an image\/avif with what is not read here: Unsupported essential item property: .*'odd '.*: save it as JPEG or PNG/,
    );
    await readImage(avif(parts));
  });

  test("PNG of Xcode", () => {
    const bytes = Buffer.from(odd("00-chart.png"));
    const chunk = latin1("\0\0\0\x04CgBI\x50\0\x20\x02\x2b\xd5\xb3\x7f");
    return refuses(Buffer.concat([bytes.subarray(0, 8), chunk, bytes.subarray(8)]), /\(CgBI\): take the one/);
  });

  test("JPEG of other processes", async () => {
    const jpeg = await sharp(odd("00-chart.png")).jpeg().toBuffer();
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    const as = (marker: number, precision = 8, height = 64): Buffer => {
      const bytes = Buffer.from(jpeg);
      bytes[frame + 1] = marker;
      bytes[frame + 4] = precision;
      bytes.writeUInt16BE(height, frame + 5);
      return bytes;
    };
    await refuses(as(0xc3, 16), /a JPEG of 16 bits a sample/);
    await refuses(as(0xc5), /a hierarchical JPEG/);
    await refuses(as(0xcb), /a lossless JPEG with arithmetic coding/);
    await refuses(as(0xf7), /JPEG-LS/);
    const two = as(0xc0);
    two[frame + 9] = 2;
    await refuses(two, /a JPEG of 2 components/);
    await refuses(as(0xc0, 8, 0), /a JPEG that states its height only after its pixels/);
  });
});

suite("odd files that were read wrong once", () => {
  /** The middles of the chart's patches. */
  const patches = async (name: string): Promise<{ found: number[][]; notes: readonly string[] }> => {
    const { image, notes } = await readImage(odd(name));
    const found = Array.from({ length: 24 }, (_, i) => {
      const [x, y] = [Math.floor(((i % 6) + 0.5) * (64 / 6)), Math.floor((Math.floor(i / 6) + 0.5) * 16)];
      const at = y * 64 + x;
      return [...image.data.subarray(3 * at, 3 * at + 3), ...(image.alpha ? [image.alpha[at]!] : [])];
    });
    return { found, notes };
  };
  const close = (found: readonly number[], wanted: readonly number[]): void =>
    assert.ok(
      wanted.every((value, c) => Math.abs(value - found[c]!) <= 2),
      `expected ${wanted}, got ${found}`,
    );

  for (const name of ["q-png16-srgb.png", "q-tif16-srgb.tif", "r-avif10-srgbicc.avif", "t15-uint32.tif"]) {
    test(`${name} is the chart`, async () => {
      const chart = await patches("00-chart.png");
      const { found } = await patches(name);
      for (const [i, colour] of chart.found.entries()) close(found[i]!, colour);
    });
  }
  test("t21-rgb5.tif keeps its alpha", async () => {
    const { found } = await patches("t21-rgb5.tif");
    assert.deepEqual(found[13], [200, 80, 60, 128]);
  });
  test("i18-gray16-gray1.png is its 8-bit twin", async () => {
    const twin = await patches("i08-graypng-gray1.png");
    for (const [i, colour] of (await patches("i18-gray16-gray1.png")).found.entries())
      close(colour, twin.found[i]!);
    close(twin.found[0]!, [148, 148, 148]);
  });
  test("p01-png8-gama1.0.png is linear light", async () => {
    const { found, notes } = await patches("p01-png8-gama1.0.png");
    close(found[12]!, [188, 188, 188]);
    assert.deepEqual(notes, ["converted from gamma 1"]);
  });
  for (const name of ["p06-png8-cicp-p3.png", "v4-avif-nclx-p3.avif"]) {
    test(`${name} is Display P3`, async () => {
      const { found, notes } = await patches(name);
      close(found[13]!, [216, 69, 50]);
      assert.deepEqual(notes, ["converted from Display P3"]);
    });
  }
  test("j06-noEOI.jpg has all its pixels", async () => {
    const { image, notes } = await readImage(odd("j06-noEOI.jpg"));
    const closed = Buffer.concat([odd("j06-noEOI.jpg"), Buffer.from([0xff, 0xd9])]);
    assert.deepEqual(image, (await readImage(closed)).image);
    assert.deepEqual(notes, ["its last bytes are missing, all its pixels are there"]);
  });
  test("a1-apng.png and a5-avifs.avif give the first of three frames", async () => {
    for (const name of ["a1-apng.png", "a5-avifs.avif"])
      assert.deepEqual((await readImage(odd(name))).notes, ["first of 3 frames"]);
  });
  test("a6-gif-offset.gif is clear around its frame", async () => {
    const { image } = await readImage(odd("a6-gif-offset.gif"));
    assert.equal(image.alpha![0], 0);
    assert.equal(image.alpha![10 * 32 + 10], 255);
  });
});
