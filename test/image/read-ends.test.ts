import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { box, u16, u32 } from "../../src/image/read/formats/heif.ts";
import { readImage } from "../../src/image/read.ts";
import { zippyError } from "../codec/support.ts";
import { chunk } from "./png.ts";

const face = readFileSync(new URL("../images/face-hat-64.png", import.meta.url));
const NOTE = "its last bytes are missing, all its pixels are there";

const frames = [face, await sharp(face).negate().png().toBuffer(), await sharp(face).blur(3).toBuffer()];
const animation = (): Sharp => sharp(frames, { join: { animated: true } });
const still = (): Sharp => sharp(face);

const FILES: readonly [string, Buffer][] = [
  ["baseline JPEG", await still().jpeg({ chromaSubsampling: "4:4:4" }).toBuffer()],
  ["JPEG with halved chroma", await still().jpeg().toBuffer()],
  ["grey JPEG", await still().greyscale().jpeg().toBuffer()],
  ["CMYK JPEG", await still().toColourspace("cmyk").jpeg().toBuffer()],
  ["progressive JPEG", await still().jpeg({ progressive: true }).toBuffer()],
  ["progressive JPEG of mozjpeg", await still().jpeg({ mozjpeg: true }).toBuffer()],
  ["PNG", await still().png().toBuffer()],
  ["interlaced PNG", await still().png({ progressive: true }).toBuffer()],
  ["PNG with a palette", await still().png({ palette: true }).toBuffer()],
  ["WebP", await still().webp().toBuffer()],
  ["lossless WebP", await still().webp({ lossless: true }).toBuffer()],
  [
    "WebP with EXIF behind its picture",
    await still()
      .withExif({ IFD0: { Artist: "nobody" } })
      .webp()
      .toBuffer(),
  ],
  ["animated WebP", await animation().webp().toBuffer()],
  ["AVIF", await still().avif().toBuffer()],
  ["GIF", await still().gif().toBuffer()],
  ["animated GIF", await animation().gif().toBuffer()],
  ["plain TIFF", await still().tiff({ compression: "none" }).toBuffer()],
  ["LZW TIFF", await still().tiff({ compression: "lzw" }).toBuffer()],
];

/** Whether all first bytes up to `length` are read as the whole file is, or refused with how much is there. */
async function cut(bytes: Buffer, length: number): Promise<"whole" | "refused"> {
  const { image } = await readImage(bytes);
  try {
    const read = await readImage(bytes.subarray(0, length));
    assert.deepEqual(read.image, image, `${length} of ${bytes.length} bytes gave another picture`);
    return "whole";
  } catch (error) {
    assert.ok(error instanceof ZippyNetError && error.code === "bad-image", String(error));
    assert.match(error.message, /damaged/);
    return "refused";
  }
}

for (const [name, bytes] of FILES) {
  test(`${name}, cut anywhere: the whole picture, or none`, async () => {
    const lengths = Array.from({ length: 48 }, (_, i) => bytes.length - 1 - i);
    for (let part = 0.05; part < 1; part += 0.05) lengths.push(Math.floor(bytes.length * part));
    for (const length of lengths.filter((length) => length > 12)) await cut(bytes, length);
  });
}

suite("all pixels are there", () => {
  const accepted = async (bytes: Buffer, missing: number): Promise<void> => {
    assert.equal(await cut(bytes, bytes.length - missing), "whole");
    const { notes } = await readImage(bytes.subarray(0, bytes.length - missing));
    assert.ok(notes.includes(NOTE), notes.join());
  };
  for (const [name, bytes] of FILES.filter(([name]) => name.includes("JPEG"))) {
    test(`${name} without its end mark, or half of it`, async () => {
      await accepted(bytes, 2);
      await accepted(bytes, 1);
    });
  }
  for (const [name, bytes] of FILES.filter(([name]) => name.includes("PNG"))) {
    test(`${name} without its end, or the checksums before it`, async () => {
      for (const missing of [1, 4, 12, 13, 16, 18, 20]) await accepted(bytes, missing);
    });
  }
  test("a GIF without its trailer, or the end of its last block", async () => {
    for (const [, bytes] of FILES.filter(([name]) => name.includes("GIF"))) {
      await accepted(bytes, 1);
      await accepted(bytes, 2);
    }
    const animated = FILES.find(([name]) => name === "animated GIF")![1];
    await accepted(animated, 100);
  });
  test("a GIF with bytes behind its first frame that begin no block", async () => {
    for (const [name, bytes] of FILES.filter(([name]) => name.includes("GIF"))) {
      const { image } = await readImage(bytes);
      for (const odd of ["\0", "\0".repeat(30), "<!-- -->"]) {
        const read = await readImage(
          Buffer.concat([bytes.subarray(0, -1), Buffer.from(odd), Buffer.from(";")]),
        );
        assert.deepEqual(read.image, image, name);
        assert.equal(read.notes.at(-1), NOTE, name);
      }
    }
  });
  test("a WebP that ends within its EXIF", () =>
    accepted(FILES.find(([name]) => name.includes("EXIF"))![1], 10));
  test("the first frame of a WebP animation", async () => {
    const bytes = FILES.find(([name]) => name === "animated WebP")![1];
    await accepted(bytes, 100);
  });
  test("an AVIF that ends within a box behind its picture", () =>
    accepted(
      Buffer.concat([
        FILES.find(([name]) => name === "AVIF")![1],
        Buffer.from("\0\0\0\x40free0123456789", "latin1"),
      ]),
      4,
    ));
});

suite("what is there of a file that lacks pixels", () => {
  const says = (bytes: Uint8Array, message: RegExp): Promise<void> =>
    assert.rejects(readImage(bytes), (error: unknown) => {
      assert.ok(error instanceof ZippyNetError && error.code === "bad-image", String(error));
      assert.match(error.message, message);
      return true;
    });
  const half = (name: string): Buffer => {
    const bytes = FILES.find(([other]) => other === name)![1];
    return bytes.subarray(0, bytes.length >> 1);
  };
  test("JPEG", () => says(half("baseline JPEG"), /its pixels end too soon, \d+ of its 64 rows are there/));
  test("GIF", () => says(half("GIF"), /it ends too soon, \d+ of its 64 rows are there/));
  test("TIFF that ends within its directory", async () => {
    const bytes = FILES.find(([name]) => name === "plain TIFF")![1];
    const directory = bytes.readUInt32LE(4);
    for (const entries of [1, 4]) {
      const end = directory + 2 + 12 * entries + 7;
      await says(bytes.subarray(0, end), /its directory is not whole/);
    }
  });
  test("GIF that ends before its pixels", () =>
    says(half("GIF").subarray(0, 40), /it ends before its pixels/));
  test("JPEG that ends before its pixels", async () => {
    for (const name of ["baseline JPEG", "progressive JPEG"]) {
      const bytes = FILES.find(([other]) => other === name)![1];
      const scan = bytes.indexOf(Buffer.from([0xff, 0xda]));
      for (const length of [3, 20, scan - 5, scan, scan + 6])
        await says(bytes.subarray(0, length), /it ends before its pixels/);
    }
  });
  test("JPEG with an end mark put behind", () =>
    says(Buffer.concat([half("baseline JPEG"), Buffer.from([0xff, 0xd9])]), /\d+ of its 64 rows are there/));
  test("progressive JPEG", () => {
    const bytes = FILES.find(([name]) => name === "progressive JPEG")![1];
    return says(bytes.subarray(0, bytes.length - 5), /its pixels end too soon, within scan \d+/);
  });
  test("progressive JPEG that lacks scans", () => {
    const bytes = FILES.find(([name]) => name === "progressive JPEG")![1];
    return says(
      bytes.subarray(0, bytes.lastIndexOf(Buffer.from([0xff, 0xda]))),
      /it ends too soon, after \d scans: the finest detail/,
    );
  });
  test("PNG", () => says(half("PNG"), /it ends too soon, \d+ of its 64 rows are there/));
  test("interlaced PNG", () => says(half("interlaced PNG"), /\d+ % of its pixels are there/));
  test("WebP", () => says(half("WebP"), /\d+ of the \d+ bytes of its picture are there/));
  test("AVIF", () => says(half("AVIF"), /\d+ of the \d+ bytes of its picture are there/));
  test("TIFF whose directory comes first", async () => {
    const bytes = readFileSync(new URL("../odd-images/q-tif16-srgb.tif", import.meta.url));
    await says(bytes.subarray(0, -100), /24476 of the 24576 bytes of its picture are there/);
  });
  test("TIFF whose directory comes last", () => says(half("plain TIFF"), /its directory is not there/));
});

suite("a file that is cut and filled up with zeros", () => {
  const filled = (bytes: Buffer, from: number): Buffer =>
    Buffer.concat([bytes.subarray(0, from), Buffer.alloc(bytes.length - from)]);
  // smooth: its blocks have codes as short as they get, so zeros make many of them
  const smooth = sharp({ create: { width: 512, height: 512, channels: 3, background: "#808080" } }).composite(
    [
      {
        input: Buffer.from(
          '<svg width="512" height="512"><circle cx="99" cy="99" r="90" fill="#a52"/></svg>',
        ),
      },
    ],
  );
  const coded: readonly [string, Promise<Buffer>][] = [
    ["JPEG", smooth.clone().jpeg({ quality: 30 }).toBuffer()],
    ["JPEG with tables of its own", smooth.clone().jpeg({ quality: 30, optimizeCoding: true }).toBuffer()],
    ["grey JPEG", smooth.clone().greyscale().jpeg({ optimizeCoding: true }).toBuffer()],
    ["progressive JPEG", smooth.clone().jpeg({ progressive: true }).toBuffer()],
    ["JPEG of mozjpeg", smooth.clone().jpeg({ mozjpeg: true }).toBuffer()],
    ["WebP", smooth.clone().webp().toBuffer()],
    ["lossless WebP", still().webp({ lossless: true }).toBuffer()],
    ...FILES.filter(([name]) => !name.includes("TIFF")).map(
      ([name, bytes]) => [name, Promise.resolve(bytes)] as [string, Promise<Buffer>],
    ),
  ];
  for (const [name, made] of coded) {
    test(`${name}: the whole picture, or none`, async () => {
      const bytes = await made;
      const { image } = await readImage(bytes);
      for (const part of [0.3, 0.5, 0.7, 0.8, 0.9]) {
        const read = await readImage(filled(bytes, Math.floor(part * bytes.length))).catch(
          (error: unknown) => {
            assert.ok(error instanceof ZippyNetError && error.code === "bad-image", String(error));
            return undefined;
          },
        );
        if (read) assert.deepEqual(read.image, image, `${part} of ${name} gave another picture`);
      }
    });
  }
  test("the rows that are there are counted", async () => {
    const bytes = await coded[1]![1];
    await assert.rejects(
      readImage(filled(bytes, bytes.length >> 1)),
      /its pixels end too soon, \d+ of its 512 rows/,
    );
  });
  test("zeros of a flat picture are pixels, with an end mark or without", async () => {
    const flat = { create: { width: 512, height: 512, channels: 3, background: "#808080" } } as const;
    const bytes = await sharp(flat).jpeg({ optimizeCoding: true }).toBuffer();
    assert.ok(
      bytes.subarray(-1000, -2).every((byte) => byte === 0),
      "expected a file that ends with zeros",
    );
    for (const file of [bytes, bytes.subarray(0, -2)]) {
      const { image } = await readImage(file);
      assert.ok(image.data.every((level) => level === 128));
    }
    for (const picture of [sharp(flat).webp(), sharp(flat).webp({ lossless: true })])
      assert.equal((await readImage(await picture.toBuffer())).image.width, 512);
  });
  test("zeros behind all pixels are none", async () => {
    for (const [name, bytes] of FILES.filter(([name]) => name.includes("JPEG"))) {
      const { image } = await readImage(bytes);
      const { image: read, notes } = await readImage(filled(bytes, bytes.length - 2));
      assert.deepEqual(read, image, name);
      assert.ok(notes.includes(NOTE), name);
      const long = Buffer.concat([bytes.subarray(0, -2), Buffer.alloc(500)]);
      assert.deepEqual((await readImage(long)).image, image, name);
    }
  });
});

test("a TIFF of which tiles or JPEG data are zeros in the middle is refused", async () => {
  for (const compression of ["lzw", "deflate", "packbits", "jpeg"] as const)
    for (const tile of [true, false]) {
      const bytes = await still()
        .tiff({ compression, predictor: "none", tile, tileWidth: 16, tileHeight: 16 })
        .toBuffer();
      const holed = Buffer.from(bytes).fill(0, bytes.length >> 2, bytes.length >> 1);
      const { notes } = await readImage(bytes);
      assert.deepEqual(notes, []);
      await assert.rejects(
        readImage(holed),
        /got a damaged one/,
        `${compression}, ${tile ? "tiles" : "strips"}`,
      );
    }
});

test("a TIFF of which a strip or tile in JPEG ends too soon is refused, and says which", async () => {
  for (const tile of [true, false]) {
    const bytes = await still().tiff({ compression: "jpeg", tile, tileWidth: 32, tileHeight: 32 }).toBuffer();
    const starts = [...bytes.toString("latin1").matchAll(/\xff\xda/g)].map(({ index }) => index);
    const last = starts.at(-1)!;
    // an end mark behind 24 bytes of its coded data
    bytes.writeUInt16BE(0xffd9, last + 14 + 24);
    await assert.rejects(readImage(bytes), {
      code: "bad-image",
      message: new RegExp(
        `of part \\d of ${starts.length}, its pixels end too soon, \\d+ of its \\d+ rows are there`,
      ),
    });
  }
});

suite("a PNG whose checksums are missing or wrong", () => {
  /** The parts of the picture's file: what comes before its pixels, these as one chunk's data, and what comes after. */
  const parts = async (): Promise<{ before: Buffer; data: Buffer; after: Buffer }> => {
    const file = await still().png().toBuffer();
    const first = file.indexOf("IDAT") - 4;
    const pixels: Buffer[] = [];
    let at = first;
    for (; file.toString("latin1", at + 4, at + 8) === "IDAT"; at += 12 + file.readUInt32BE(at))
      pixels.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
    return { before: file.subarray(0, first), data: Buffer.concat(pixels), after: file.subarray(at) };
  };
  const idat = (data: Buffer, wrong = 0): Buffer => {
    const chunk = Buffer.alloc(12 + data.length);
    chunk.writeUInt32BE(data.length, 0);
    chunk.write("IDAT", 4);
    chunk.set(data, 8);
    chunk.writeUInt32BE((crc32(chunk.subarray(4, -4)) ^ wrong) >>> 0, chunk.length - 4);
    return chunk;
  };
  const reads = async (file: Buffer, note: string): Promise<void> => {
    const { image, notes } = await readImage(file);
    assert.deepEqual(image, (await readImage(await still().png().toBuffer())).image);
    assert.deepEqual(notes, [note]);
  };
  test("that of its pixels is missing, in whole or in part: read, with a note", async () => {
    const { before, data, after } = await parts();
    for (const missing of [1, 2, 4])
      await reads(
        Buffer.concat([before, idat(data.subarray(0, -missing)), after]),
        "its pixels have no checksum, and are all there",
      );
  });
  test("that of a chunk of pixels is wrong, that of all pixels right: read, with a note", async () => {
    const { before, data, after } = await parts();
    const file = Buffer.concat([before, idat(data, 1), after]);
    await reads(file, "a checksum is wrong, but that of its pixels is right");
  });
  test("none is right, or another chunk is damaged, or rows are missing: refused", async () => {
    const { before, data, after } = await parts();
    const wrong = Buffer.concat([data.subarray(0, -4), Buffer.alloc(4)]);
    const header = Buffer.from(before);
    header[header.indexOf("IHDR") + 17]! ^= 1;
    for (const [file, message] of [
      [Buffer.concat([before, idat(wrong), after]), /its pixels cannot be unpacked/],
      [Buffer.concat([before, idat(data.subarray(0, -4), 1), after]), /its pixels cannot be unpacked/],
      [Buffer.concat([header, idat(data), after]), /damaged/],
      [
        Buffer.concat([before, idat(data.subarray(0, data.length >> 1)), after]),
        /\d+ of its 64 rows are there/,
      ],
    ] as const)
      await assert.rejects(readImage(file), message);
  });
});

test("bytes behind the end count for nothing", async () => {
  for (const [name, bytes] of FILES) {
    const { image, notes } = await readImage(bytes);
    for (const behind of [
      Buffer.alloc(100),
      Buffer.alloc(100, 0xff),
      Buffer.from("garbage".repeat(20)),
      bytes,
    ]) {
      const read = await readImage(Buffer.concat([bytes, behind]));
      assert.deepEqual(read.image, image, name);
      assert.deepEqual(read.notes, notes, name);
    }
  }
});

suite("a gain map behind a JPEG (Ultra HDR) counts for nothing", () => {
  const inserted = (file: Buffer, marker: number, body: Buffer): Buffer => {
    const head = Buffer.from([0xff, marker, ...u16(body.length + 2)]);
    return Buffer.concat([file.subarray(0, 2), head, body, file.subarray(2)]);
  };
  const described = (file: Buffer, fields: string): Buffer => {
    const rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
    const map = "http://ns.adobe.com/hdr-gain-map/1.0/";
    const xmp = `http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="${rdf}">
      <rdf:Description xmlns:hdrgm="${map}" hdrgm:Version="1.0" ${fields}/></rdf:RDF></x:xmpmeta>`;
    return inserted(file, 0xe1, Buffer.from(xmp, "latin1"));
  };
  /** With an index of both pictures (CIPA DC-007), as phones write it. */
  const withMap = async (file: Buffer): Promise<Buffer> => {
    const small = await still().resize(32, 24).greyscale().jpeg().toBuffer();
    const map = described(small, 'hdrgm:GainMapMax="2" hdrgm:HDRCapacityMax="2"');
    const own = described(file, "");
    const index = (length: number): Buffer =>
      Buffer.from([
        ...Buffer.from("MPF\0MM\0*", "latin1"),
        ...[u32(8), u16(3)].flat(),
        ...[u16(0xb000), u16(7), u32(4), Buffer.from("0100")].flatMap((part) => [...part]),
        ...[u16(0xb001), u16(4), u32(1), u32(2)].flat(),
        ...[u16(0xb002), u16(7), u32(32), u32(50), u32(0)].flat(),
        ...[u32(0x30000), u32(length), u32(0), u32(0)].flat(),
        ...[u32(0), u32(map.length), u32(length - 10), u32(0)].flat(),
      ]);
    const { length } = inserted(own, 0xe2, index(0));
    return Buffer.concat([inserted(own, 0xe2, index(length)), map]);
  };
  for (const name of ["baseline JPEG", "grey JPEG", "progressive JPEG"])
    test(name, async () => {
      const bytes = FILES.find(([other]) => other === name)![1];
      const both = await withMap(bytes);
      assert.ok("gainMap" in (await sharp(both).metadata()), "expected libvips to see the map");
      const { image, notes } = await readImage(both);
      assert.deepEqual(image, (await readImage(bytes)).image);
      assert.deepEqual(notes, []);
      // damage is found as without the map
      const outcome = (file: Buffer): Promise<string> =>
        readImage(file).then(
          ({ notes }) => `read, ${notes}`,
          (error: Error) => error.message,
        );
      for (let at = bytes.length >> 1; at < bytes.length - 60; at += 60) {
        const holed = Buffer.from(bytes).fill(0, at, at + 40);
        assert.equal(await outcome(await withMap(holed)), await outcome(holed));
      }
    });
});

test("bytes between the segments of a JPEG are passed over, as by other decoders", async () => {
  for (const [name, bytes] of FILES.filter(([name]) => name.includes("JPEG"))) {
    const { image } = await readImage(bytes);
    const second = 4 + bytes.readUInt16BE(4);
    for (const between of [Buffer.alloc(10), Buffer.from("garbage"), Buffer.from([1, 0xff, 0, 2, 0xff])]) {
      const file = Buffer.concat([bytes.subarray(0, second), between, bytes.subarray(second)]);
      assert.deepEqual((await readImage(file)).image, image, name);
      for (let end = second; end < second + between.length + 6; end++)
        await assert.rejects(
          readImage(file.subarray(0, end)),
          zippyError("bad-image"),
          `${name}, ${end} bytes`,
        );
    }
  }
});

test("a PNG that claims few rows and unpacks to many is bounded", async () => {
  const bomb = deflateSync(Buffer.alloc(200_000_000));
  const start = face.indexOf("IDAT") - 4;
  const before = process.memoryUsage().rss;
  const cut = chunk("IDAT", bomb).subarray(0, -4);
  await assert.rejects(readImage(Buffer.concat([face.subarray(0, start), cut])), /damaged/);
  assert.ok(process.memoryUsage().rss - before < 64 * 1024 * 1024);
});

test("texts of a PNG are not unpacked", async () => {
  const text = deflateSync(Buffer.alloc(5_000_000, 65));
  const bomb = (type: string, head: string): Buffer =>
    chunk(type, Buffer.concat([Buffer.from(head, "latin1"), text]));
  const texts = Array.from({ length: 60 }, (_, i) =>
    i % 2 ? bomb("zTXt", `a${i}\0\0`) : bomb("iTXt", `a${i}\0\x01\0\0\0`),
  );
  const before = process.memoryUsage().rss;
  const { image } = await readImage(Buffer.concat([face.subarray(0, 33), ...texts, face.subarray(33)]));
  assert.ok(process.memoryUsage().rss - before < 64 * 1024 * 1024); // unpacked, they are 300 MB
  assert.deepEqual(image, (await readImage(face)).image);
});

suite("files of ever so many parts are refused before they are decoded", () => {
  const many = (part: string, count: number): Buffer =>
    Buffer.alloc(part.length * count, Buffer.from(part, "latin1"));
  const within = (name: string, at: number, part: string): Buffer => {
    const bytes = FILES.find(([other]) => other === name)![1];
    const place = at < 0 ? bytes.length : at;
    return Buffer.concat([bytes.subarray(0, place), many(part, 100_000), bytes.subarray(place)]);
  };
  const refused = (bytes: Buffer): Promise<void> =>
    assert.rejects(readImage(bytes), (error: unknown) => {
      assert.ok(error instanceof ZippyNetError && error.code === "too-large", String(error));
      assert.match(error.message, /at most 20000 parts, got more/);
      return true;
    });
  /** A baseline JPEG, and the first segment of it that defines Huffman tables. */
  const baseline = (): [bytes: Buffer, tables: Buffer] => {
    const bytes = FILES.find(([name]) => name === "baseline JPEG")![1];
    const at = bytes.indexOf("\xff\xc4", 0, "latin1");
    return [bytes, bytes.subarray(at, at + 2 + bytes.readUInt16BE(at + 2))];
  };
  test("JPEG", () => refused(within("baseline JPEG", 2, "\xff\xfe\0\x02")));
  test("JPEG of more than 200 scans", async () => {
    const [bytes] = baseline();
    const scan = bytes.subarray(bytes.indexOf("\xff\xda", 0, "latin1"), -2);
    const of = (count: number): Buffer =>
      Buffer.concat([bytes.subarray(0, -2), ...new Array<Buffer>(count - 1).fill(scan), bytes.subarray(-2)]);
    await assert.rejects(readImage(of(201)), { code: "too-large", message: /at most 200 scans, got more/ });
    assert.deepEqual((await readImage(of(200))).image, (await readImage(bytes)).image);
  });
  test("JPEG that defines tables again and again: the last ones count, and no others are made", async () => {
    const [bytes, tables] = baseline();
    const at = bytes.indexOf(tables);
    const scan = bytes.subarray(bytes.indexOf("\xff\xda", 0, "latin1"), -2);
    // 3000 tables of no codes, with the numbers that a picture uses
    const empty = Array.from({ length: 3000 }, (_, i) => [
      [0, 1, 16, 17][i % 4]!,
      ...new Array<number>(16).fill(0),
    ]);
    const junk = Buffer.from([0xff, 0xc4, (51_002 >> 8) & 255, 51_002 & 255, ...empty.flat()]);
    const made = Buffer.concat([
      bytes.subarray(0, at),
      ...new Array<Buffer>(20).fill(junk),
      bytes.subarray(at, -2),
      ...new Array<Buffer>(150).fill(scan),
      bytes.subarray(-2),
    ]);
    const began = performance.now();
    const { image } = await readImage(made);
    assert.ok(performance.now() - began < 10_000); // of every table for every scan, it takes minutes
    assert.deepEqual(image, (await readImage(bytes)).image);
  });
  test("PNG", () => refused(within("PNG", 33, "\0\0\0\0tEXt\0\0\0\0")));
  test("WebP", () => {
    const bytes = within("WebP", -1, "XXXX\0\0\0\0");
    bytes.writeUInt32LE(bytes.length - 8, 4);
    return refused(bytes);
  });
  test("AVIF whose items lie in places that take no bytes", () => {
    // numbers of 0 bytes: 300 items, each said to lie in 65,535 places
    const items = Array.from({ length: 300 }, (_, i) => [...u16(i + 1), 0, 0, 0xff, 0xff]).flat();
    const meta = box(
      "meta",
      u32(0),
      box("pitm", u32(0), u16(1)),
      box("iinf", u32(0), u16(1), box("infe", [2, 0, 0, 0], u16(1), u16(0), Buffer.from("av01"), [0])),
      box("iloc", u32(0), [0, 0], u16(300), items),
    );
    return refused(Buffer.concat([box("ftyp", Buffer.from("avif"), u32(0)), meta]));
  });
  test("AVIF whose items have ever so many properties", () => {
    const items = Array.from({ length: 300 }, (_, i) => [
      ...u16(i + 1),
      255,
      ...new Array<number>(255).fill(1),
    ]);
    const meta = box(
      "meta",
      u32(0),
      box("pitm", u32(0), u16(1)),
      box("iinf", u32(0), u16(1), box("infe", [2, 0, 0, 0], u16(1), u16(0), Buffer.from("av01"), [0])),
      box("iprp", box("ipco", box("free")), box("ipma", u32(0), u32(300), items.flat())),
    );
    return refused(Buffer.concat([box("ftyp", Buffer.from("avif"), u32(0)), meta]));
  });
  test("AVIF made of one picture in many places, many times", async () => {
    const places = new Array(5000).fill([...u32(0), ...u32(1)]).flat();
    const often = new Array(60_000).fill(u16(2)).flat();
    const meta = box(
      "meta",
      u32(0),
      box("pitm", u32(0), u16(1)),
      box(
        "iinf",
        u32(0),
        u16(2),
        ...["grid", "av01"].map((type, i) =>
          box("infe", [2, 0, 0, 0], u16(i + 1), u16(0), Buffer.from(type), [0]),
        ),
      ),
      box("iloc", u32(0), [0x44, 0], u16(1), u16(2), u16(0), u16(5000), places),
      box("iref", u32(0), box("dimg", u16(1), u16(60_000), often)),
    );
    const file = Buffer.concat([box("ftyp", Buffer.from("avif"), u32(0)), meta]);
    const before = process.memoryUsage().rss;
    await assert.rejects(readImage(file), ZippyNetError);
    assert.ok(process.memoryUsage().rss - before < 128 * 1024 * 1024); // of 300 million places it would be gigabytes
  });
  test("AVIF", () => refused(within("AVIF", -1, "\0\0\0\x08free")));
  test("GIF", () => {
    const bytes = FILES.find(([name]) => name === "GIF")![1];
    return refused(within("GIF", 13 + 3 * (2 << (bytes[10]! & 7)), "\x21\xfe\0"));
  });
  test("TIFF whose directories go in a circle", () => {
    const bytes = Buffer.from(FILES.find(([name]) => name === "plain TIFF")![1]);
    const directory = bytes.readUInt32LE(4);
    bytes.writeUInt32LE(directory, directory + 2 + 12 * bytes.readUInt16LE(directory));
    return refused(bytes);
  });
});
