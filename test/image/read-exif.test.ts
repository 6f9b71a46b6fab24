import assert from "node:assert/strict";
import { suite, test } from "node:test";
import sharp, { type Sharp } from "sharp";
import { readImage } from "../../src/image/read.ts";
import { chart, HEIGHT, middle, PATCHES, WIDTH } from "./made/chart.ts";
import { expected, power } from "./made/expected.ts";
import { tiff } from "./made/tiff.ts";
import { chunk, png } from "./png.ts";

/*
 * Colour that only EXIF states: for Adobe RGB, cameras write the interoperability index R03 and an uncalibrated
 * ColorSpace, without a profile.
 */

const size = { width: WIDTH, height: HEIGHT };
const R03 = { IFD2: { ColorSpace: "65535" }, IFD4: { InteroperabilityIndex: "R03" } };

const picture = (): Sharp => sharp(Uint8Array.from(chart("RGB")), { raw: { ...size, channels: 3 } });
const FORMATS: Readonly<Record<string, (from: Sharp) => Sharp>> = {
  JPEG: (from) => from.jpeg({ quality: 100, chromaSubsampling: "4:4:4" }),
  PNG: (from) => from.png(),
  WebP: (from) => from.webp({ lossless: true }),
};

/** Each patch as the file has it, and as it was read. */
async function assertAdobe(file: Buffer, stored: Uint8Array): Promise<void> {
  const { image, notes } = await readImage(file);
  assert.deepEqual(notes, ["converted from Adobe RGB"]);
  for (const i of PATCHES.keys()) {
    const at = 3 * middle(i);
    const wanted = expected("Adobe RGB", power(563 / 256), [...stored.subarray(at, at + 3)]);
    const found = image.data.subarray(at, at + 3);
    for (const [c, value] of wanted.entries())
      assert.ok(Math.abs(found[c]! - value) <= 2, `patch ${i}: expected ${wanted}, got ${found}`);
  }
}

for (const [name, write] of Object.entries(FORMATS)) {
  suite(name, () => {
    test("R03 is Adobe RGB", async () => {
      const stored = await sharp(await write(picture()).toBuffer())
        .raw()
        .toBuffer();
      await assertAdobe(await write(picture().withExif(R03)).toBuffer(), stored);
    });
    for (const [what, exif] of Object.entries({
      "R98, the index of sRGB": { IFD2: { ColorSpace: "1" }, IFD4: { InteroperabilityIndex: "R98" } },
      "sRGB, whatever the index says": { IFD2: { ColorSpace: "1" }, IFD4: { InteroperabilityIndex: "R03" } },
      "no colour space": { IFD0: { Artist: "nobody" } },
      "uncalibrated without an index": { IFD2: { ColorSpace: "65535" } },
    })) {
      test(`${what}: samples are kept`, async () => {
        const { image, notes } = await readImage(await write(picture().withExif(exif)).toBuffer());
        assert.deepEqual(notes, []);
        const { image: plain } = await readImage(await write(picture()).toBuffer());
        assert.deepEqual(image, plain);
      });
    }
    test("a profile counts more", async () => {
      const file = await write(picture().withExif(R03).withIccProfile("p3")).toBuffer();
      const { notes } = await readImage(file);
      assert.equal(notes.length, 1);
      assert.match(notes[0]!, /^converted from .*P3/i);
    });
  });
}

/** EXIF data in big-endian order: a directory that points to one, that points to the index. */
function bigEndian(space: number, index: string): Buffer {
  const bytes = Buffer.alloc(80);
  bytes.write("MM\0*", 0, "latin1");
  bytes.writeUInt32BE(8, 4);
  const entry = (at: number, tag: number, type: number, count: number): void => {
    bytes.writeUInt16BE(tag, at);
    bytes.writeUInt16BE(type, at + 2);
    bytes.writeUInt32BE(count, at + 4);
  };
  bytes.writeUInt16BE(1, 8);
  entry(10, 34665, 4, 1);
  bytes.writeUInt32BE(26, 18);
  bytes.writeUInt16BE(2, 26);
  entry(28, 40961, 3, 1);
  bytes.writeUInt16BE(space, 36);
  entry(40, 40965, 4, 1);
  bytes.writeUInt32BE(56, 48);
  bytes.writeUInt16BE(1, 56);
  entry(58, 1, 2, 4);
  bytes.write(`${index}\0`, 66, "latin1");
  return bytes;
}

/** A JPEG with EXIF data right after its start. */
async function withExif(exif: Buffer): Promise<Buffer> {
  const file = await FORMATS["JPEG"]!(picture()).toBuffer();
  const segment = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 0]), Buffer.from("Exif\0\0", "latin1"), exif]);
  segment.writeUInt16BE(segment.length - 2, 2);
  return Buffer.concat([file.subarray(0, 2), segment, file.subarray(2)]);
}

test("big-endian EXIF data", async () => {
  const stored = await sharp(await withExif(bigEndian(65535, "R98")))
    .raw()
    .toBuffer();
  await assertAdobe(await withExif(bigEndian(65535, "R03")), stored);
  await assertAdobe(await withExif(bigEndian(2, "R98")), stored);
});

test("EXIF data whose directories lead back to the first are read as others are", async () => {
  const file = await FORMATS["JPEG"]!(picture()).withMetadata({ orientation: 6 }).toBuffer();
  const exif = file.indexOf("Exif\0\0") + 6;
  assert.equal(file.toString("latin1", exif, exif + 4), "II*\0");
  const first = exif + file.readUInt32LE(exif + 4);
  file.writeUInt32LE(first - exif, first + 2 + 12 * file.readUInt16LE(first));
  const { image, original } = await readImage(file);
  assert.deepEqual([original.orientation, image.width, image.height], [6, HEIGHT, WIDTH]);
});

suite("PNG: wherever EXIF data are, and with the prefix that they have in a JPEG", () => {
  /** A directory of one entry: tag 274, a short, one of them. */
  const oriented = (orientation: number): Buffer =>
    Buffer.from([
      ...Buffer.from("MM\0*"),
      0,
      0,
      0,
      8,
      0,
      1,
      1,
      18,
      0,
      3,
      0,
      0,
      0,
      1,
      0,
      orientation,
      0,
      0,
      0,
      0,
      0,
      0,
    ]);
  const turned = oriented(8);
  const early = chunk("eXIf", turned);
  const prefixed = chunk("eXIf", Buffer.concat([Buffer.from("Exif\0\0", "latin1"), turned]));
  const other = chunk("tEXt", Buffer.from("Comment\0none", "latin1"));
  const pixels = [10, 20, 30, 40, 50, 60];
  const made = (before: Buffer[], after: Buffer[]): Buffer =>
    png({ width: 3, height: 2, channels: 1, depth: 8 }, pixels, before, after);
  for (const [name, before, after] of [
    ["before the pixels", [early], []],
    ["behind them", [other], [other, early, other]],
    ["before them, with the prefix", [other, prefixed, other], []],
    ["behind them, with the prefix", [], [prefixed]],
    ["twice, of which the first counts", [early], [chunk("eXIf", oriented(3))]],
  ] as const) {
    test(name, async () => {
      const { image, original } = await readImage(made([...before], [...after]));
      assert.equal(original.orientation, 8);
      assert.deepEqual([image.width, image.height], [2, 3]);
      const grey = image.data.filter((_, i) => i % 3 === 0);
      assert.deepEqual([...grey], [30, 60, 20, 50, 10, 40]);
    });
  }
  test("with a wrong checksum behind the pixels: as if they were not there", async () => {
    const wrong = Buffer.from(early);
    wrong[wrong.length - 1]! ^= 1;
    const { image } = await readImage(made([], [wrong]));
    assert.deepEqual([image.width, image.height], [3, 2]);
  });
});

test("EXIF data cut anywhere are none, or what they were", async () => {
  const exif = bigEndian(65535, "R03");
  for (let length = 0; length < exif.length; length += 3) {
    const { notes } = await readImage(await withExif(exif.subarray(0, length)));
    assert.ok(notes.length === 0 || notes[0] === "converted from Adobe RGB", notes.join());
  }
});

test("a TIFF's own directories", async () => {
  // the directories of EXIF behind all else, and a tag that points to them
  const exif = Buffer.alloc(64);
  exif.writeUInt16LE(1, 0);
  exif.writeUInt16LE(40965, 2);
  exif.writeUInt16LE(4, 4);
  exif.writeUInt32LE(1, 6);
  const made = (pointer: number): Buffer =>
    tiff({ ...size, bands: 3, bits: 8, tags: [[34665, pointer]] }, chart("RGB"));
  const length = made(0).length + (made(0).length % 2);
  exif.writeUInt32LE(length + 20, 10);
  exif.writeUInt16LE(1, 20);
  exif.writeUInt16LE(1, 22);
  exif.writeUInt16LE(2, 24);
  exif.writeUInt32LE(4, 26);
  exif.write("R03\0", 30, "latin1");
  const file = made(length);
  await assertAdobe(
    Buffer.concat([file, Buffer.alloc(length - file.length), exif]),
    Uint8Array.from(chart("RGB")),
  );
});
