import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import type { Image } from "../../src/codec/image.ts";
import { readImage } from "../../src/image/read.ts";
import {
  avif,
  box,
  type Coded,
  coded,
  codedIn,
  colourProfile,
  nclx,
  sequence,
  u8,
  u16,
} from "./made/avif.ts";
import { chart, HEIGHT, levels, middle, opacity, PATCH, PATCHES, WIDTH } from "./made/chart.ts";
import { rgbProfile } from "./made/icc.ts";
import { chunk, png } from "./png.ts";

const size = { width: WIDTH, height: HEIGHT };

/** Levels and opacity of a pixel. */
function pixel({ width, data, alpha }: Image, x: number, y: number): number[] {
  const i = y * width + x;
  return [...data.subarray(3 * i, 3 * i + 3), alpha ? alpha[i]! : 255];
}

const u32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
};

suite("APNG", () => {
  const RED = [255, 0, 0];
  const GREEN = [0, 255, 0];
  const control = (number: number, width: number, height: number, x: number, y: number): Buffer =>
    chunk("fcTL", Buffer.concat([u32(number, width, height, x, y), Buffer.from([0, 1, 0, 10, 0, 0])]));
  const animation = (frames: number): Buffer => chunk("acTL", u32(frames, 0));
  const flat = (width: number, height: number, colour: readonly number[]): Buffer =>
    deflateSync(
      Buffer.concat(
        Array.from({ length: height }, () => Buffer.from([0, ...new Array(width).fill(colour).flat()])),
      ),
    );
  const data = (number: number, pixels: Buffer): Buffer =>
    chunk("fdAT", Buffer.concat([u32(number), pixels]));
  const canvas = { width: 8, height: 6, channels: 3, depth: 8 } as const;
  const still = new Array(48).fill(RED).flat();

  test("the default image is the first frame", async () => {
    const before = [animation(2), control(0, 8, 6, 0, 0)];
    const after = [control(1, 8, 6, 0, 0), data(2, flat(8, 6, GREEN))];
    const { image, notes } = await readImage(png(canvas, still, before, after));
    assert.deepEqual(pixel(image, 3, 3), [...RED, 255]);
    assert.deepEqual(notes, ["first of 2 frames"]);
  });

  test("the default image is none of the frames", async () => {
    const pixels = flat(8, 6, GREEN);
    const half = pixels.length >> 1;
    const after = [
      control(0, 8, 6, 0, 0),
      data(1, pixels.subarray(0, half)),
      data(2, pixels.subarray(half)),
      control(3, 8, 6, 0, 0),
      data(4, flat(8, 6, RED)),
    ];
    const { image, notes, original } = await readImage(png(canvas, still, [animation(2)], after));
    assert.deepEqual(pixel(image, 3, 3), [...GREEN, 255]);
    assert.equal(image.alpha, undefined);
    assert.deepEqual(notes, ["first of 2 frames"]);
    assert.equal(original.pages, 2);
  });

  test("a first frame that does not fill the picture is clear around", async () => {
    const after = [control(0, 3, 2, 4, 1), data(1, flat(3, 2, GREEN))];
    const { image } = await readImage(png(canvas, still, [animation(1)], after));
    assert.deepEqual([image.width, image.height], [8, 6]);
    for (let y = 0; y < 6; y++) {
      for (let x = 0; x < 8; x++) {
        const inside = x >= 4 && x < 7 && y >= 1 && y < 3;
        assert.deepEqual(pixel(image, x, y), inside ? [...GREEN, 255] : [0, 0, 0, 0]);
      }
    }
  });

  test("EXIF orientation turns the canvas, whether the first frame fills it or not", async () => {
    const turned: ((x: number, y: number) => [number, number])[] = [
      (x, y) => [x, y],
      (x, y) => [7 - x, y],
      (x, y) => [7 - x, 5 - y],
      (x, y) => [x, 5 - y],
      (x, y) => [y, x],
      (x, y) => [y, 5 - x],
      (x, y) => [7 - y, 5 - x],
      (x, y) => [7 - y, x],
    ];
    for (const [i, from] of turned.entries()) {
      const exif = Buffer.from([
        ...Buffer.from("MM\0*\0\0\0\x08\0\x01"),
        1,
        18,
        0,
        3,
        0,
        0,
        0,
        1,
        0,
        i + 1,
        0,
        0,
      ]);
      const own = [chunk("eXIf", Buffer.concat([exif, u32(0)])), animation(1)];
      for (const [width, height, x, y] of [
        [3, 2, 4, 1],
        [8, 6, 0, 0],
      ] as const) {
        const after = [control(0, width, height, x, y), data(1, flat(width, height, GREEN))];
        const plain = (await readImage(png(canvas, still, own.slice(1), after))).image;
        const { image, original } = await readImage(png(canvas, still, own, after));
        assert.deepEqual([image.width, image.height], i < 4 ? [8, 6] : [6, 8]);
        assert.deepEqual([original.width, original.height, original.orientation], [8, 6, i + 1]);
        for (let y = 0; y < image.height; y++)
          for (let x = 0; x < image.width; x++)
            assert.deepEqual(pixel(image, x, y), pixel(plain, ...from(x, y)), `${i + 1}: ${x}, ${y}`);
      }
    }
  });

  test("colour is stated for all frames", async () => {
    const gama = chunk("gAMA", u32(100_000));
    const after = [control(0, 8, 6, 0, 0), data(1, flat(8, 6, [128, 128, 128]))];
    const { image, notes } = await readImage(png(canvas, still, [gama, animation(1)], after));
    assert.deepEqual(pixel(image, 0, 0), [188, 188, 188, 255]);
    assert.deepEqual(notes, ["converted from gamma 1"]);
  });

  test("a first frame beyond the picture, or not whole, is refused", async () => {
    const beyond = [control(0, 8, 6, 4, 0), data(1, flat(8, 6, GREEN))];
    await assert.rejects(
      readImage(png(canvas, still, [animation(1)], beyond)),
      /reaches beyond its 8×6 pixels/,
    );
    const file = png(canvas, still, [animation(1)], [control(0, 8, 6, 0, 0), data(1, flat(8, 6, GREEN))]);
    await assert.rejects(readImage(file.subarray(0, -20)), /its first frame is not whole/);
  });
});

suite("GIF", () => {
  /** One frame of one colour out of two, without compression to speak of. */
  const gif = (
    screen: readonly [number, number],
    frame: readonly [number, number, number, number],
    clear = false,
  ): Buffer => {
    const u16 = (...values: readonly number[]): number[] => values.flatMap((v) => [v & 255, v >> 8]);
    const bits: number[] = [];
    const put = (code: number): void => {
      for (let i = 0; i < 3; i++) bits.push((code >> i) & 1);
    };
    // a clear code before every pixel keeps codes at three bits
    for (let i = 0; i < frame[2] * frame[3]; i++) {
      put(4);
      put(i % 2);
    }
    put(5);
    const coded = Buffer.alloc(Math.ceil(bits.length / 8));
    for (const [i, bit] of bits.entries()) coded[i >> 3]! |= bit << (i & 7);
    const blocks: number[] = [];
    for (let at = 0; at < coded.length; at += 255) {
      const block = coded.subarray(at, at + 255);
      blocks.push(block.length, ...block);
    }
    return Buffer.from([
      ...Buffer.from("GIF89a"),
      ...u16(...screen),
      0x80,
      0,
      0,
      ...[255, 0, 0, 0, 255, 0],
      ...(clear ? [0x21, 0xf9, 4, 1, 0, 0, 1, 0] : []),
      0x21,
      0xfe,
      2,
      0x2c,
      0x2c,
      0,
      0x2c,
      ...u16(...frame),
      0,
      2,
      ...blocks,
      0,
      0x3b,
    ]);
  };

  test("clear where the first frame does not reach", async () => {
    const { image } = await readImage(gif([8, 6], [2, 1, 4, 3]));
    for (let y = 0; y < 6; y++) {
      for (let x = 0; x < 8; x++) {
        const inside = x >= 2 && x < 6 && y >= 1 && y < 4;
        const first = (y - 1) * 4 + x - 2;
        const wanted = inside ? [...(first % 2 === 0 ? [255, 0, 0] : [0, 255, 0]), 255] : [0, 0, 0, 0];
        assert.deepEqual(pixel(image, x, y), wanted, `${x}, ${y}`);
      }
    }
  });

  test("clear within the frame too", async () => {
    const { image } = await readImage(gif([8, 6], [2, 1, 4, 3], true));
    assert.deepEqual([pixel(image, 2, 1)[3], pixel(image, 3, 1)[3], pixel(image, 0, 0)[3]], [255, 0, 0]);
  });

  test("a frame that fills the screen leaves nothing clear", async () =>
    assert.equal((await readImage(gif([4, 3], [0, 0, 4, 3]))).image.alpha, undefined));

  test("a screen too small grows", async () => {
    const { image } = await readImage(gif([4, 4], [2, 2, 4, 4]));
    assert.deepEqual([image.width, image.height], [6, 6]);
    assert.deepEqual([pixel(image, 0, 0)[3], pixel(image, 5, 5)[3]], [0, 255]);
  });
});

test("a WebP animation is clear where its first frame does not reach", async () => {
  const square = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#0f0" } })
    .webp({ lossless: true })
    .toBuffer();
  const u24 = (value: number): Buffer => Buffer.from([value & 255, (value >> 8) & 255, value >> 16]);
  const part = (type: string, data: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.write(type, "latin1");
    head.writeUInt32LE(data.length, 4);
    return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
  };
  const frame = (x: number, y: number): Buffer =>
    part(
      "ANMF",
      Buffer.concat([
        u24(x / 2),
        u24(y / 2),
        u24(7),
        u24(7),
        u24(100),
        Buffer.from([0]),
        square.subarray(12),
      ]),
    );
  const body = Buffer.concat([
    Buffer.from("WEBP"),
    part("VP8X", Buffer.concat([Buffer.from([2, 0, 0, 0]), u24(31), u24(15)])),
    part("ANIM", Buffer.from([0, 0, 255, 255, 0, 0])),
    frame(8, 4),
    frame(0, 0),
  ]);
  const head = Buffer.alloc(8);
  head.write("RIFF");
  head.writeUInt32LE(body.length, 4);
  const { image, notes } = await readImage(Buffer.concat([head, body]));
  assert.deepEqual([image.width, image.height], [32, 16]);
  assert.deepEqual(
    [pixel(image, 8, 4), pixel(image, 15, 11)],
    [
      [0, 255, 0, 255],
      [0, 255, 0, 255],
    ],
  );
  assert.deepEqual([pixel(image, 7, 4)[3], pixel(image, 16, 11)[3], pixel(image, 0, 0)[3]], [0, 0, 0]);
  assert.deepEqual(notes, ["first of 2 frames"]);
});

test("a TIFF of many pages gives its first", async () => {
  const pages = [0, 128, 255].map((v) =>
    sharp({ create: { width: 9, height: 8, channels: 3, background: { r: v, g: v, b: v } } }),
  );
  const buffers = await Promise.all(pages.map((page) => page.png().toBuffer()));
  const bytes = await sharp(buffers, { join: { animated: true } })
    .tiff()
    .toBuffer();
  const { image, notes } = await readImage(bytes);
  assert.deepEqual([image.width, image.height, image.data[0]], [9, 8, 0]);
  assert.deepEqual(notes, ["first of 3 pages"]);
  // what the other pages are does not count, and not whether they are there
  const first = bytes.readUInt32LE(4);
  const pointer = first + 2 + 12 * bytes.readUInt16LE(first);
  const second = bytes.readUInt32LE(pointer);
  const numberOf = (tag: number): number => {
    for (let at = second + 2; ; at += 12) if (bytes.readUInt16LE(at) === tag) return at + 8;
  };
  for (const [at, value, note] of [
    [numberOf(259), 50000, "first of 3 pages"],
    [numberOf(258), 0, "first of 3 pages"],
    [numberOf(256), 0, "first of 3 pages"],
    [pointer, 0, undefined],
    [pointer, bytes.length, "its last bytes are missing, all its pixels are there"],
    [pointer, 0x20202020, "its last bytes are missing, all its pixels are there"],
  ] as const) {
    const file = Buffer.from(bytes);
    file.writeUInt32LE(value, at);
    const read = await readImage(file);
    assert.deepEqual(read.image, image);
    assert.deepEqual(read.notes, note ? [note] : []);
  }
});

suite("AVIF", async () => {
  const picture = await coded(chart("RGB"), size, 8);
  const mono = (what: string): Coded =>
    codedIn(readFileSync(new URL(`../odd-images/mono-${what}-8.avif`, import.meta.url)), 1, 8);
  const isChart = (image: Image, alpha: boolean): void => {
    for (const i of PATCHES.keys()) {
      const [x, y] = [middle(i) % WIDTH, Math.floor(middle(i) / WIDTH)];
      const found = pixel(image, x, y);
      for (const [c, value] of levels(i, "RGB").entries())
        assert.ok(Math.abs(found[c]! - value) <= 1, `patch ${i}: ${found}`);
      assert.ok(Math.abs(found[3]! - (alpha ? opacity(i) : 255)) <= 1);
    }
  };

  test("a sequence of tracks alone gives its first frame", async () => {
    const { image, notes, original } = await readImage(sequence({ ...size, picture }, 5));
    isChart(image, false);
    assert.deepEqual(notes, ["first of 5 frames"]);
    assert.equal(original.pages, 5);
  });

  test("turned, as its track says", async () => {
    const turns = box("irot", u8(1));
    const track = { ...picture, config: Buffer.concat([picture.config, turns]) };
    const { image } = await readImage(sequence({ ...size, picture: track }, 2));
    assert.deepEqual(image, (await readImage(avif({ ...size, picture, properties: [turns] }))).image);
  });

  test("with alpha", async () =>
    isChart((await readImage(sequence({ ...size, picture, alpha: mono("alpha") }, 2))).image, true));

  suite("all that is decoded counts, not only what is shown", () => {
    const pixels = WIDTH * HEIGHT;
    const small = box("clap", u32(PATCH, 1, PATCH, 1), u32(0, 1), u32(0, 1));
    const refused = (file: Buffer, maxPixels: number, all: number): Promise<void> =>
      assert.rejects(readImage(file, { maxPixels }), {
        code: "too-large",
        message: `expected an image of at most ${2 * maxPixels} pixels in all its parts, got ${all}`,
      });
    test("a picture of which little is shown", async () => {
      const file = avif({ ...size, picture, properties: [small] });
      assert.equal((await readImage(file, { maxPixels: pixels / 2 })).image.width, PATCH);
      await refused(file, pixels / 2 - 1, pixels);
    });
    test("alpha", async () => {
      const file = avif({ ...size, picture, alpha: mono("alpha"), properties: [small] });
      assert.equal((await readImage(file, { maxPixels: pixels })).image.width, PATCH);
      await refused(file, pixels - 1, 2 * pixels);
    });
    test("the tiles of a grid, as often as they are used", async () => {
      const file = avif({ ...size, picture, tile: mono("alpha"), type: "grid" });
      await refused(file, pixels / 2 - 1, pixels);
    });
  });

  test("of several pictures, the main one", async () => {
    // without the reference to the picture whose alpha it is, it is a picture of its own
    const file = avif({ ...size, picture, alpha: mono("alpha") });
    file.write("abcd", file.indexOf("auxl"));
    const { image, notes } = await readImage(file);
    isChart(image, false);
    assert.deepEqual(notes, ["main one of 2 pictures"]);
  });

  test("that was cut behind its first frame", async () => {
    const file = sequence({ ...size, picture }, 5);
    const { image } = await readImage(file.subarray(0, -2 * picture.data.length));
    isChart(image, false);
  });

  test("with a still picture, that is read", async () => {
    const file = avif({ ...size, picture, brand: "avis" });
    isChart((await readImage(file)).image, false);
  });

  test("colours that are multiplied with alpha are divided by it", async () => {
    const straight = chart("RGB + alpha");
    const multiplied = straight.flatMap((v, i) =>
      i % 4 === 3 ? [] : [Math.round((v * straight[i - (i % 4) + 3]!) / 255)],
    );
    const picture = await coded(multiplied, size, 8);
    const file = avif({ ...size, picture, alpha: mono("alpha"), premultiplied: true });
    const { image } = await readImage(file);
    for (const i of PATCHES.keys()) {
      const wanted = opacity(i) === 0 ? [0, 0, 0] : levels(i, "RGB");
      for (const c of [0, 1, 2])
        assert.ok(Math.abs(image.data[3 * middle(i) + c]! - wanted[c]!) <= 2, `patch ${i}`);
    }
  });

  test("colours of another picture that are multiplied with alpha do not count", async () => {
    const straight = avif({ ...size, picture, alpha: mono("alpha") });
    const file = avif({ ...size, picture, alpha: mono("alpha"), premultiplied: true });
    file.writeUInt16BE(2, file.indexOf("prem") + 4);
    assert.deepEqual((await readImage(file)).image, (await readImage(straight)).image);
  });

  test("under HEIF's own brand", async () => {
    const file = avif({ ...size, picture, brand: "mif1" });
    isChart((await readImage(file)).image, false);
  });

  // irot: quarters of a turn, anticlockwise; imir: 1 swaps left and right, 0 top and bottom (ISO/IEC 23008-12,
  // 6.5.10, 6.5.12)
  const corner = (image: Image): number[] => pixel(image, 4, 4).slice(0, 3);
  const near = (found: readonly number[], wanted: readonly number[]): void =>
    assert.ok(
      wanted.every((value, c) => Math.abs(value - found[c]!) <= 1),
      `expected ${wanted}, got ${found}`,
    );
  for (const [turn, patch] of [
    [0, 0],
    [1, 5],
    [2, 23],
    [3, 18],
  ] as const) {
    test(`turned by ${turn} quarters`, async () => {
      const file = avif({ ...size, picture, properties: [nclx(1, 13, 0), box("irot", u8(turn))] });
      const { image } = await readImage(file);
      assert.deepEqual([image.width, image.height], turn % 2 ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT]);
      near(corner(image), levels(patch, "RGB"));
    });
  }
  for (const [axis, patch] of [
    [0, 18],
    [1, 5],
  ] as const) {
    test(`mirrored, axis ${axis}`, async () => {
      const { image } = await readImage(avif({ ...size, picture, properties: [box("imir", u8(axis))] }));
      near(corner(image), levels(patch, "RGB"));
    });
  }
  test("sides are odd and colours have half the width", async () => {
    const [width, height] = [49, 33];
    const samples = Array.from({ length: 3 * width * height }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return Math.round(128 + 100 * Math.sin([x / 3, y / 4, (x + y) / 5][i % 3]!));
    });
    const half = await sharp(Uint8Array.from(samples), { raw: { width, height, channels: 3 } })
      .avif({ quality: 90, chromaSubsampling: "4:2:0" })
      .toBuffer();
    const parts = { width, height, picture: codedIn(half, 3, 8) };
    const read = async (...turns: readonly Buffer[]): Promise<Image> =>
      (await readImage(avif({ ...parts, properties: [nclx(1, 13, 6), ...turns] }))).image;
    const whole = await read();
    const cut = box("clap", u32(7, 1, 5, 1), u32(0xfffffffe, 1, 1, 1));
    for (const [turns, sides, from] of [
      [[box("irot", u8(1))], [height, width], (x, y) => [width - 1 - y, x]],
      [[box("irot", u8(2))], [width, height], (x, y) => [width - 1 - x, height - 1 - y]],
      [[box("irot", u8(3))], [height, width], (x, y) => [y, height - 1 - x]],
      [[box("imir", u8(0))], [width, height], (x, y) => [x, height - 1 - y]],
      [[box("imir", u8(1))], [width, height], (x, y) => [width - 1 - x, y]],
      // its middle is two pixels left of the picture's and one below
      [[cut], [7, 5], (x, y) => [x + 19, y + 15]],
      [[cut, box("irot", u8(1)), box("imir", u8(1))], [5, 7], (x, y) => [6 - y + 19, 4 - x + 15]],
    ] as readonly [Buffer[], [number, number], (x: number, y: number) => [number, number]][]) {
      const image = await read(...turns);
      assert.deepEqual([image.width, image.height], sides);
      for (let y = 0; y < image.height; y++)
        for (let x = 0; x < image.width; x++)
          assert.deepEqual(pixel(image, x, y), pixel(whole, ...from(x, y)), `${x}, ${y}`);
    }
  });
  test("turns and cuts are also those of alpha, whether they are said of it or not", async () => {
    const clap = box("clap", u32(2 * PATCH, 1, 2 * PATCH, 1), u32(PATCH / 2, 1), u32(0, 1));
    const ways: Buffer[][] = [1, 2, 3].map((turn) => [box("irot", u8(turn))]);
    ways.push([box("imir", u8(1))], [box("irot", u8(1)), box("imir", u8(0))], [clap, box("irot", u8(3))]);
    for (const properties of ways) {
      const parts = { ...size, picture, alpha: mono("alpha"), properties };
      const file = avif(parts);
      // data that go to the end of the file, without a size
      const open = Buffer.from(file);
      open.writeUInt32BE(0, open.indexOf("mdat") - 4);
      const said = (await readImage(avif({ ...parts, turnsOfAlpha: properties }))).image;
      for (const bytes of [file, open, Buffer.concat([file, Buffer.from("behind the end")])])
        assert.deepEqual((await readImage(bytes)).image, said);
    }
  });
  /** Item 1 made of item 2, by its type and data. */
  const derived = (type: string, data: Buffer, turns: readonly (readonly Buffer[])[] = [[], []]): Buffer => {
    const [properties, turnsOfTile] = turns as [Buffer[], Buffer[]];
    const made = { ...picture, data };
    return avif({ ...size, picture: made, tile: picture, type, properties, turnsOfTile });
  };
  test("turns of a grid are not those of its tiles, which older encoders state too", async () => {
    const data = Buffer.concat([u32(0), u16(WIDTH, HEIGHT)]);
    for (const turn of [1, 2, 3]) {
      const properties = [box("irot", u8(turn))];
      const file = derived("grid", data, [properties, properties]);
      const alone = await readImage(avif({ ...size, picture, properties }));
      assert.deepEqual((await readImage(file)).image, alone.image, `${turn} quarters`);
    }
  });
  test("a picture that is another one turns as both say", async () => {
    const turn = [box("irot", u8(1))];
    const { image } = await readImage(avif({ ...size, picture, properties: turn }));
    for (const turns of [
      [turn, []],
      [[], turn],
      [[box("irot", u8(2))], [box("irot", u8(3))]],
    ])
      assert.deepEqual((await readImage(derived("iden", Buffer.alloc(0), turns))).image, image);
  });
  test("one laid on a canvas is read unless that may be clear somewhere", async () => {
    const over = (x: number, y: number, opacity: number): Buffer =>
      Buffer.concat([u8(0, 0), u16(0, 0, 65535, opacity, WIDTH, HEIGHT, x & 65535, y & 65535)]);
    for (const opacity of [0, 65535])
      isChart((await readImage(derived("iovl", over(0, 0, opacity)))).image, false);
    const { image } = await readImage(derived("iovl", over(PATCH, -PATCH, 65535)));
    near(pixel(image, 0, 0), [0, 0, 255, 255]);
    near(corner(image), [0, 0, 255]);
    near(pixel(image, PATCH, 0).slice(0, 3), levels(6, "RGB"));
    await assert.rejects(
      readImage(derived("iovl", over(PATCH, -PATCH, 65534))),
      /an AVIF laid together on a clear canvas/,
    );
    const turns = [[], [box("imir", u8(0))]];
    await assert.rejects(
      readImage(derived("iovl", over(0, 0, 65535), turns)),
      /made of pictures that are turned/,
    );
  });
  test("alpha that is stated before the tile of a grid does not make that grey", async () => {
    const grid = { ...picture, data: Buffer.concat([u32(0), u16(WIDTH, HEIGHT)]), config: box("free") };
    const properties = [colourProfile(rgbProfile("P3 profile", "P3", "sRGB"))];
    const alpha = mono("alpha");
    const alone = await readImage(avif({ ...size, picture, alpha, properties }));
    assert.ok(alone.notes.includes("converted from P3 profile"));
    const file = avif({ ...size, picture: grid, type: "grid", tile: picture, alpha, properties });
    const { image, notes } = await readImage(file);
    assert.deepEqual(image, alone.image);
    assert.ok(notes.includes("converted from P3 profile"));
  });
  test("cut to its clean aperture, then turned", async () => {
    // two patches of the middle, half a patch to the right: its offset is that of the centre, in fractions
    const half = u32(PATCH / 2, 1);
    const clap = box("clap", u32(2 * PATCH, 1, 2 * PATCH, 1), half, u32(0, 1));
    const cut = (await readImage(avif({ ...size, picture, properties: [clap] }))).image;
    assert.deepEqual([cut.width, cut.height], [2 * PATCH, 2 * PATCH]);
    near(pixel(cut, PATCH, PATCH / 2).slice(0, 3), levels(9, "RGB"));
    const turned = [clap, box("irot", u8(1))];
    const { image } = await readImage(avif({ ...size, picture, properties: turned }));
    near(pixel(image, PATCH / 2, PATCH - 1).slice(0, 3), levels(9, "RGB"));
  });
});
