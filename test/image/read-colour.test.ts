import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import sharp from "sharp";
import { readImage } from "../../src/image/read.ts";
import { avif, type Coded, coded, codedIn, colourProfile } from "./made/avif.ts";
import {
  CHANNELS,
  chart,
  HEIGHT,
  type Layout,
  levels,
  middle,
  opacity,
  PATCHES,
  WIDTH,
} from "./made/chart.ts";
import { type Curve, expected, power, srgb, type TO_XYZ } from "./made/expected.ts";
import { greyProfile, rgbProfile, tableProfile } from "./made/icc.ts";
import { tiff } from "./made/tiff.ts";
import { png, profileChunk } from "./png.ts";

interface Space {
  readonly name: string;
  readonly gamut: keyof typeof TO_XYZ;
  readonly curve: Curve;
  readonly icc?: Buffer;
}

const RGB_SPACES: readonly Space[] = [
  { name: "no profile", gamut: "sRGB", curve: srgb },
  { name: "sRGB", gamut: "sRGB", curve: srgb, icc: rgbProfile("sRGB", "sRGB", "sRGB") },
  { name: "Display P3", gamut: "P3", curve: srgb, icc: rgbProfile("Display P3", "P3", "sRGB") },
  {
    name: "Adobe RGB",
    gamut: "Adobe RGB",
    curve: power(563 / 256),
    icc: rgbProfile("Adobe RGB", "Adobe RGB", 563 / 256),
  },
  { name: "linear light", gamut: "sRGB", curve: power(1), icc: rgbProfile("linear light", "sRGB", 1) },
];

const GREY_SPACES: readonly Space[] = [
  { name: "no profile", gamut: "sRGB", curve: srgb },
  { name: "grey of sRGB", gamut: "sRGB", curve: srgb, icc: greyProfile("grey of sRGB", "sRGB") },
  { name: "grey of gamma 1", gamut: "sRGB", curve: power(1), icc: greyProfile("grey of gamma 1", 1) },
  {
    name: "grey of gamma 1.75",
    gamut: "sRGB",
    curve: power(1.75),
    icc: greyProfile("grey of gamma 1.75", 1.75),
  },
];

const size = { width: WIDTH, height: HEIGHT };

function pngFile(layout: Layout, bits: 8 | 16, { icc }: Space): Buffer {
  const samples = chart(layout, bits === 8 ? 255 : 65535);
  return png({ ...size, channels: CHANNELS[layout], depth: bits }, samples, icc ? [profileChunk(icc)] : []);
}

function tiffFile(layout: Layout, bits: 8 | 10 | 12 | 16, { icc }: Space): Buffer {
  const extra = layout.endsWith("alpha") ? { extra: [2] } : {};
  const header = { ...size, bands: CHANNELS[layout], bits, ...extra, ...(icc && { icc }) };
  return tiff(header, chart(layout, 2 ** bits - 1));
}

const encoded = new Map<number, Promise<Coded>>();

/** The chart in RGB, coded once a depth. */
function rgbAv1(bits: 8 | 10 | 12): Promise<Coded> {
  const result = encoded.get(bits) ?? coded(chart("RGB", bits === 8 ? 255 : 65535), size, bits);
  encoded.set(bits, result);
  return result;
}

function monoAv1(what: "grey" | "alpha", bits: 8 | 10 | 12): Coded {
  return codedIn(readFileSync(new URL(`../odd-images/mono-${what}-${bits}.avif`, import.meta.url)), 1, bits);
}

async function avifFile(layout: Layout, bits: 8 | 10 | 12, { icc }: Space): Promise<Buffer> {
  const picture = layout.startsWith("RGB") ? await rgbAv1(bits) : monoAv1("grey", bits);
  const alpha = layout.endsWith("alpha") ? { alpha: monoAv1("alpha", bits) } : {};
  return avif({ ...size, picture, ...alpha, properties: icc ? [colourProfile(icc)] : [] });
}

const FILES: readonly [string, (layout: Layout, space: Space) => Buffer | Promise<Buffer>][] = [
  ...([8, 16] as const).map(
    (bits) => [`PNG of ${bits} bits`, (l: Layout, s: Space) => pngFile(l, bits, s)] as const,
  ),
  ...([8, 10, 12, 16] as const).map(
    (bits) => [`TIFF of ${bits} bits`, (l: Layout, s: Space) => tiffFile(l, bits, s)] as const,
  ),
  ...([8, 10, 12] as const).map(
    (bits) => [`AVIF of ${bits} bits`, (l: Layout, s: Space) => avifFile(l, bits, s)] as const,
  ),
].map(([name, make]) => [name, make]);

for (const [name, make] of FILES) {
  suite(name, () => {
    for (const layout of Object.keys(CHANNELS) as Layout[]) {
      for (const space of layout.startsWith("RGB") ? RGB_SPACES : GREY_SPACES) {
        test(`${layout}, ${space.name}`, async () => {
          const { image, notes } = await readImage(await make(layout, space));
          assert.deepEqual([image.width, image.height], [WIDTH, HEIGHT]);
          for (const i of PATCHES.keys()) {
            const colours = levels(i, layout).slice(0, layout.startsWith("RGB") ? 3 : 1);
            const wanted = expected(space.gamut, space.curve, colours);
            const found = image.data.subarray(3 * middle(i), 3 * middle(i) + 3);
            for (const [c, value] of wanted.entries()) {
              assert.ok(Math.abs(found[c]! - value) <= 2, `patch ${i}: expected ${wanted}, got ${found}`);
            }
            if (layout.endsWith("alpha"))
              assert.ok(Math.abs(image.alpha![middle(i)]! - opacity(i)) <= 1, `alpha of ${i}`);
          }
          if (!layout.endsWith("alpha")) assert.equal(image.alpha, undefined);
          const plain = space.curve === srgb && space.gamut === "sRGB";
          assert.deepEqual(notes, plain ? [] : [`converted from ${space.name}`]);
        });
      }
    }
  });
}

suite("profiles of tables", () => {
  // each corner of the tables stands for a colour that is easily recognised: white, black and greys between
  const lightness = (at: readonly number[]): [number, number, number] => [
    (100 * at.reduce((a, b) => a + b)) / at.length,
    0,
    0,
  ];
  const ink = (at: readonly number[]): [number, number, number] => [100 - 100 * Math.max(...at), 0, 0];
  const grey = (light: number): number => {
    // L* → level (CIE 15, and sRGB)
    const y = light > 8 ? ((light + 16) / 116) ** 3 : light / 903.3;
    return 255 * (y <= 0.0031308 ? 12.92 * y : 1.055 * y ** (1 / 2.4) - 0.055);
  };
  const check = async (file: Buffer, light: (i: number) => number): Promise<void> => {
    const { image, notes } = await readImage(file);
    assert.deepEqual(notes, ["converted from Tables"]);
    for (const i of PATCHES.keys()) {
      const wanted = grey(light(i));
      for (const value of image.data.subarray(3 * middle(i), 3 * middle(i) + 3))
        assert.ok(Math.abs(value - wanted) <= 2, `patch ${i}: expected ${wanted}, got ${value}`);
    }
  };
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
  const rgb = { name: "", gamut: "sRGB", curve: srgb, icc: tableProfile("RGB ", 3, 2, lightness) } as const;
  const one = { name: "", gamut: "sRGB", curve: srgb, icc: tableProfile("GRAY", 1, 2, lightness) } as const;
  for (const bits of [8, 16] as const) {
    test(`RGB PNG of ${bits} bits`, () =>
      check(pngFile("RGB", bits, rgb), (i) => (100 * mean(PATCHES[i]!)) / 255));
    test(`grey PNG of ${bits} bits`, () =>
      check(pngFile("grey", bits, one), (i) => (100 * levels(i, "grey")[0]!) / 255));
    test(`CMYK TIFF of ${bits} bits`, () => {
      const icc = tableProfile("CMYK", 4, 2, ink);
      const white = 2 ** bits - 1;
      // black ink alone: tables of two points are straight lines between
      const samples = chart("grey", white).flatMap((v) => [0, 0, 0, white - v]);
      return check(
        tiff({ ...size, bands: 4, bits, photometric: 5, icc }, samples),
        (i) => (100 * levels(i, "grey")[0]!) / 255,
      );
    });
  }

  test("one that is damaged is left aside, and said so", async () => {
    const icc = tableProfile("RGB ", 3, 2, lightness);
    icc[icc.indexOf("mft2") + 8] = 9;
    const { image, notes } = await readImage(pngFile("RGB", 8, { ...rgb, icc }));
    assert.deepEqual([...image.data.subarray(3 * middle(9), 3 * middle(9) + 3)], PATCHES[9]);
    assert.match(notes.join(), /its colour profile Tables changes nothing, or cannot be used/);
  });
});

suite("profiles that do not fit", () => {
  const left = ["its colour profile cannot be used and was left aside"];
  test("a grey one on RGB, in a TIFF", async () => {
    const { image, notes } = await readImage(
      tiffFile("RGB", 16, { ...RGB_SPACES[0]!, icc: greyProfile("grey", 1) }),
    );
    assert.deepEqual([...image.data.subarray(3 * middle(9), 3 * middle(9) + 3)], PATCHES[9]);
    assert.deepEqual(notes, left);
  });
  test("an RGB one on grey, in a PNG", async () => {
    const { image, notes } = await readImage(pngFile("grey", 16, RGB_SPACES[2]!));
    assert.equal(image.data[3 * middle(9)], PATCHES[9]![1]);
    assert.deepEqual(notes, left);
  });
  test("an RGB one on grey, in a JPEG and a TIFF: its curve counts", async () => {
    const grey = await sharp(pngFile("grey", 8, GREY_SPACES[0]!))
      .toColourspace("b-w")
      .jpeg({ quality: 100 })
      .toBuffer();
    const jpeg = ({ icc }: Space): Buffer => {
      const body = Buffer.concat([Buffer.from("ICC_PROFILE\0\x01\x01", "latin1"), icc!]);
      const length = body.length + 2;
      return Buffer.concat([
        grey.subarray(0, 2),
        Buffer.from([0xff, 0xe2, length >> 8, length & 255]),
        body,
        grey.subarray(2),
      ]);
    };
    for (const space of RGB_SPACES.slice(1)) {
      for (const file of [jpeg(space), tiffFile("grey", 16, space)]) {
        const { image, notes } = await readImage(file);
        for (const i of PATCHES.keys()) {
          // the gamut makes no difference to grey
          const [wanted] = expected("sRGB", space.curve, levels(i, "grey"));
          for (const value of image.data.subarray(3 * middle(i), 3 * middle(i) + 3))
            assert.ok(
              Math.abs(value - wanted!) <= 2,
              `${space.name}, patch ${i}: expected ${wanted}, got ${value}`,
            );
        }
        assert.deepEqual(notes, space.curve === srgb ? [] : [`converted from ${space.name}`]);
      }
    }
  });
  test("parts in a JPEG of which the first is missing, or that are counted wrong", async () => {
    const jpeg = await sharp(pngFile("RGB", 8, RGB_SPACES[0]!))
      .jpeg({ quality: 95 })
      .toBuffer();
    const icc = rgbProfile("P3 profile", "P3", "sRGB");
    const part = (number: number, of: number, data: Buffer): Buffer => {
      const body = Buffer.concat([Buffer.from(`ICC_PROFILE\0`), Buffer.from([number, of]), data]);
      return Buffer.concat([Buffer.from([0xff, 0xe2, 0, body.length + 2]), body]);
    };
    const [first, second] = [icc.subarray(0, 200), icc.subarray(200, 400)];
    for (const parts of [[part(2, 2, second)], [part(0, 0, first)], [part(1, 2, first)]]) {
      const { image, notes } = await readImage(
        Buffer.concat([jpeg.subarray(0, 2), ...parts, jpeg.subarray(2)]),
      );
      assert.ok(Math.abs(image.data[3 * middle(9)]! - PATCHES[9]![0]) <= 4);
      assert.deepEqual(notes, left);
    }
  });
  test("bytes that are none", async () => {
    const { notes } = await readImage(tiffFile("RGB", 8, { ...RGB_SPACES[0]!, icc: Buffer.alloc(500, 7) }));
    assert.deepEqual(notes, left);
  });
});

test("what a profile is called goes into a note as printable ASCII, and not for ever", async () => {
  const icc = rgbProfile(`Gr\u00fcn\u0007  \r\nX-Header: 1${"x".repeat(500)}`, "P3", "sRGB");
  const { notes } = await readImage(tiffFile("RGB", 8, { ...RGB_SPACES[2]!, icc }));
  assert.match(notes.join(), /^converted from [\x20-\x7e]{1,64}$/);
});
