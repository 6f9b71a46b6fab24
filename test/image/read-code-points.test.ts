import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Image } from "../../src/codec/image.ts";
import { colourInAv1 } from "../../src/image/read/formats/avif.ts";
import { readImage } from "../../src/image/read.ts";
import { avif, type Coded, coded, codedIn, colourProfile, nclx } from "./made/avif.ts";
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
import {
  bt2020,
  type Curve,
  expected,
  inSrgb,
  level,
  power,
  pq,
  srgb,
  type TO_XYZ,
} from "./made/expected.ts";
import { rgbProfile } from "./made/icc.ts";
import { chunk, png, profileChunk } from "./png.ts";

const size = { width: WIDTH, height: HEIGHT };

function pngWith(chunks: readonly Buffer[], depth: 8 | 16 = 8, layout: Layout = "RGB"): Buffer {
  return png(
    { ...size, channels: CHANNELS[layout], depth },
    chart(layout, depth === 8 ? 255 : 65535),
    chunks,
  );
}

const cicp = (primaries: number, transfer: number, matrix = 0, range = 1): Buffer =>
  chunk("cICP", Buffer.from([primaries, transfer, matrix, range]));

function gama(gamma: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeUInt32BE(Math.round(gamma * 100_000));
  return chunk("gAMA", data);
}

/** A chunk with another checksum. */
function altered(whole: Buffer): Buffer {
  const other = Buffer.from(whole);
  other[other.length - 1]! ^= 1;
  return other;
}

/** White, red, green, blue. */
function chrm(...points: readonly number[]): Buffer {
  const data = Buffer.alloc(32);
  for (const [i, value] of points.entries()) data.writeUInt32BE(Math.round(value * 100_000), 4 * i);
  return chunk("cHRM", data);
}

const P3 = chrm(0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06);
const ADOBE = chrm(0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06);
const BT709 = chrm(0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06);
const SRGB = chunk("sRGB", Buffer.from([0]));
const P3_PROFILE = profileChunk(rgbProfile("P3 profile", "P3", "sRGB"));
const LINEAR_PROFILE = profileChunk(rgbProfile("linear profile", "sRGB", 1));

function near(image: Image, wanted: (i: number) => readonly number[], tolerance = 2): void {
  for (const i of PATCHES.keys()) {
    const found = image.data.subarray(3 * middle(i), 3 * middle(i) + 3);
    for (const [c, value] of wanted(i).entries())
      assert.ok(Math.abs(found[c]! - value) <= tolerance, `patch ${i}: expected ${wanted(i)}, got ${found}`);
  }
}

type Told = [
  name: string,
  chunks: readonly Buffer[],
  gamut: keyof typeof TO_XYZ,
  curve: Curve,
  note?: string,
];

/** PNG, third edition: `cICP` before `iCCP` before `sRGB` before `gAMA` and `cHRM`. */
const PNGS: readonly Told[] = [
  ["gAMA 1", [gama(1)], "sRGB", power(1), "gamma 1"],
  ["gAMA 1/1.8", [gama(0.55556)], "sRGB", power(1.8), "gamma 1.8"],
  ["gAMA 1/2.2, which encoders write for sRGB", [gama(0.45455)], "sRGB", srgb],
  ["gAMA and cHRM as the specification has them for sRGB", [gama(0.45455), BT709], "sRGB", srgb],
  ["cHRM of P3", [P3], "P3", srgb, "primaries of its own"],
  ["cHRM of P3 and gAMA 1", [P3, gama(1)], "P3", power(1), "primaries of its own and gamma 1"],
  [
    "cHRM and gAMA of Adobe RGB",
    [ADOBE, gama(0.45455)],
    "Adobe RGB",
    power(2.2),
    "primaries of its own and gamma 2.2",
  ],
  ["cICP of Display P3", [cicp(12, 13)], "P3", srgb, "Display P3"],
  ["cICP of linear light", [cicp(1, 8)], "sRGB", power(1), "sRGB with linear light"],
  ["cICP of BT.2020", [cicp(9, 14)], "BT.2020", bt2020, "BT.2020"],
  ["cICP of BT.709, which stands for sRGB", [cicp(1, 1)], "sRGB", srgb],
  ["cICP of BT.601's curve", [cicp(12, 6)], "P3", srgb, "Display P3"],
  ["cICP of gamma 2.2", [cicp(1, 4)], "sRGB", power(2.2), "sRGB with the gamma 2.2 curve"],
  ["cICP of sRGB", [cicp(1, 13)], "sRGB", srgb],
  ["sRGB over gAMA and cHRM", [SRGB, gama(1), P3], "sRGB", srgb],
  ["iCCP over gAMA", [P3_PROFILE, gama(1)], "P3", srgb, "P3 profile"],
  ["iCCP over sRGB", [SRGB, P3_PROFILE], "P3", srgb, "P3 profile"],
  ["cICP over iCCP", [cicp(12, 13), LINEAR_PROFILE], "P3", srgb, "Display P3"],
  ["cICP over all", [cicp(1, 13), LINEAR_PROFILE, gama(1), P3], "sRGB", srgb],
  ["cICP with a matrix, which PNG has none of, counts for nothing", [cicp(12, 13, 6)], "sRGB", srgb],
  [
    "cICP of an unknown number gives way to what comes next",
    [cicp(99, 13), gama(1)],
    "sRGB",
    power(1),
    "gamma 1",
  ],
  ["cHRM that spans no space", [chrm(0.3, 0.3, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3)], "sRGB", srgb],
  ["gAMA 0", [gama(0)], "sRGB", srgb],
  ["checksums that are wrong", [cicp(12, 13), gama(1), P3].map(altered), "sRGB", srgb],
];

suite("PNG", () => {
  for (const [name, chunks, gamut, curve, from] of PNGS) {
    for (const depth of [8, 16] as const) {
      test(`${name}, ${depth} bits`, async () => {
        const { image, notes } = await readImage(pngWith(chunks, depth));
        near(image, (i) => expected(gamut, curve, levels(i, "RGB")));
        assert.deepEqual(notes, from ? [`converted from ${from}`] : []);
      });
    }
  }

  test("grey goes by the curve, and alpha stays", async () => {
    const { image } = await readImage(pngWith([P3, gama(1)], 16, "grey + alpha"));
    near(image, (i) => expected("sRGB", power(1), levels(i, "grey")));
    assert.deepEqual([...PATCHES.keys()].map((i) => image.alpha![middle(i)]).slice(0, 3), [255, 128, 0]);
  });

  test("limited range", async () => {
    const { image } = await readImage(pngWith([cicp(1, 13, 0, 0)]));
    near(image, (i) => levels(i, "RGB").map((v) => Math.min(255, Math.max(0, ((v - 16) * 255) / 219))));
  });
});

suite("AVIF", async () => {
  const pictures = {
    8: await coded(chart("RGB"), size, 8),
    10: await coded(chart("RGB", 65535), size, 10),
    12: await coded(chart("RGB", 65535), size, 12),
  };
  const COLOURS: readonly [name: string, primaries: number, transfer: number, keyof typeof TO_XYZ, Curve][] =
    [
      ["sRGB", 1, 13, "sRGB", srgb],
      ["Display P3", 12, 13, "P3", srgb],
      ["sRGB with linear light", 1, 8, "sRGB", power(1)],
      ["BT.2020", 9, 14, "BT.2020", bt2020],
      ["sRGB with the gamma 2.2 curve", 2, 4, "sRGB", power(2.2)],
    ];
  for (const bits of [8, 10, 12] as const) {
    for (const [name, primaries, transfer, gamut, curve] of COLOURS) {
      test(`${name}, ${bits} bits`, async () => {
        const file = avif({ ...size, picture: pictures[bits], properties: [nclx(primaries, transfer, 0)] });
        const { image, notes } = await readImage(file);
        near(image, (i) => expected(gamut, curve, levels(i, "RGB")));
        assert.deepEqual(notes, name === "sRGB" ? [] : [`converted from ${name}`]);
      });
    }
  }

  test("numbers that mean nothing are said, and taken for sRGB", async () => {
    const { image, notes } = await readImage(
      avif({ ...size, picture: pictures[8], properties: [nclx(99, 13, 0)] }),
    );
    near(image, (i) => levels(i, "RGB"));
    assert.match(notes.join(), /numbers that mean nothing yet, and were taken for sRGB/);
  });

  test("matrices that are not undone are refused by name", async () => {
    for (const matrix of [10, 11, 13, 14, 15, 17, 99]) {
      const file = avif({ ...size, picture: pictures[8], properties: [nclx(9, 14, matrix)] });
      await assert.rejects(
        readImage(file),
        new RegExp(`an AVIF whose colours are coded by matrix ${matrix} of H.273`),
      );
    }
  });

  test("a profile comes before code points", async () => {
    const properties = [nclx(9, 16, 0), colourProfile(rgbProfile("P3 profile", "P3", "sRGB"))];
    const { image, notes } = await readImage(avif({ ...size, picture: pictures[10], properties }));
    near(image, (i) => expected("P3", srgb, levels(i, "RGB")));
    assert.deepEqual(notes, ["converted from P3 profile"]);
  });

  for (const bits of [8, 10, 12] as const) {
    test(`grey of narrow range, ${bits} bits`, async () => {
      const mono = (what: string): Coded =>
        codedIn(readFileSync(new URL(`../odd-images/mono-${what}-${bits}.avif`, import.meta.url)), 1, bits);
      const files = [{}, { alpha: mono("alpha") }].map((more) =>
        avif({ ...size, picture: mono("grey"), ...more, properties: [nclx(1, 13, 1, false)] }),
      );
      for (const file of files) {
        const { image, notes } = await readImage(file);
        near(image, (i) => {
          const [grey] = levels(i, "grey") as [number];
          const stored = (grey / 255) * (2 ** bits - 1);
          const [black, white] = [16, 235].map((v) => v * 2 ** (bits - 8)) as [number, number];
          return new Array(3).fill(Math.min(255, Math.max(0, (255 * (stored - black)) / (white - black))));
        });
        assert.deepEqual(notes, []);
      }
    });
  }

  for (const bits of [8, 10, 12] as const) {
    test(`RGB of narrow range, ${bits} bits`, async () => {
      const file = avif({ ...size, picture: pictures[bits], properties: [nclx(1, 13, 0, false)] });
      const { image, notes } = await readImage(file);
      const [black, white] = [16, 235].map((v) => v * 2 ** (bits - 8)) as [number, number];
      const level = (v: number): number => (255 * ((v / 255) * (2 ** bits - 1) - black)) / (white - black);
      near(image, (i) => levels(i, "RGB").map((v) => Math.min(255, Math.max(0, level(v)))), 1);
      assert.deepEqual(notes, []);
    });
  }

  test("the AV1 data state the range of colours that they do not describe", () => {
    // a reduced still picture header of profile 0; sides of 1 bit; no tools; 8 bits, grey, no description
    const units = (narrow: boolean): Uint8Array => {
      const bits = `000 1 1 00000 0000 0000 0 0 000 000 0 1 0 ${narrow ? 0 : 1}`.replaceAll(" ", "");
      const bytes = bits.padEnd(32, "0").match(/.{8}/g)!;
      return Uint8Array.of(0x0a, 4, ...bytes.map((byte) => Number.parseInt(byte, 2)));
    };
    const unknown = { primaries: 2, transfer: 2, matrix: 2 };
    assert.deepEqual(colourInAv1(units(true)), { ...unknown, fullRange: false });
    assert.deepEqual(colourInAv1(units(false)), { ...unknown, fullRange: true });
  });

  test("alpha of limited range, as the first version of the format allowed it", async () => {
    /** The same with the bit turned that says that the range is full. */
    const limited = (units: Buffer): Buffer => {
      const full = colourInAv1(units);
      for (let bit = 8 * Math.min(40, units.length) - 1; full && bit >= 0; bit--) {
        const changed = Buffer.from(units);
        changed[bit >> 3]! ^= 128 >> (bit & 7);
        if (isDeepStrictEqual(colourInAv1(changed), { ...full, fullRange: false })) return changed;
      }
      return units;
    };
    for (const bits of [8, 10, 12] as const) {
      const url = new URL(`../odd-images/mono-alpha-${bits}.avif`, import.meta.url);
      const { data, config, ...rest } = codedIn(readFileSync(url), 1, bits);
      const alpha = {
        ...rest,
        data: limited(data),
        config: Buffer.concat([config.subarray(0, 12), limited(config.subarray(12))]),
      };
      const { image } = await readImage(avif({ ...size, picture: pictures[bits], alpha }));
      for (const i of PATCHES.keys()) {
        const wanted = Math.min(255, Math.max(0, ((opacity(i) - 16) * 255) / 219));
        assert.ok(Math.abs(image.alpha![middle(i)]! - wanted) <= 1, `${bits} bits, patch ${i}`);
      }
    }
  });
  test("without a colour box, the AV1 data decide", async () => {
    // the encoder writes BT.709's primaries, sRGB's curve and the identity matrix into the sequence header
    const { image, notes } = await readImage(avif({ ...size, picture: pictures[10] }));
    near(image, (i) => levels(i, "RGB"));
    assert.deepEqual(notes, []);
  });
});

suite("highlights", () => {
  /** A sample of 16 bits that PQ shows with so many cd/m². */
  const sample = (nits: number): number => {
    let [low, high] = [0, 1];
    for (let i = 0; i < 50; i++) {
      const half = (low + high) / 2;
      [low, high] = pq(half) < nits ? [half, high] : [low, half];
    }
    return Math.round(65535 * low);
  };
  const row = (nits: readonly (readonly [number, number, number])[], transfer = 16): Buffer =>
    png(
      { width: nits.length, height: 1, channels: 3, depth: 16 },
      nits.flatMap((rgb) => rgb.map(sample)),
      [cicp(9, transfer)],
    );

  test("PQ without any is as bright as sRGB: white is 203 cd/m²", async () => {
    const greys = [0, 1, 5, 20, 50, 100, 150, 203];
    const { image, notes } = await readImage(row(greys.map((v) => [v, v, v])));
    for (const [i, nits] of greys.entries()) {
      const wanted = level(nits / 203);
      for (const value of image.data.subarray(3 * i, 3 * i + 3))
        assert.ok(Math.abs(value - wanted) <= 1, `${nits}: ${value}`);
    }
    assert.deepEqual(notes, ["tone-mapped from PQ (BT.2020 with the PQ curve)"]);
  });

  test("PQ's colours are BT.2020's", async () => {
    const { image } = await readImage(row([[100, 80, 60]]));
    const wanted = inSrgb("BT.2020", [100 / 203, 80 / 203, 60 / 203]).map(level);
    for (const [c, value] of wanted.entries()) assert.ok(Math.abs(image.data[c]! - value) <= 1);
  });

  test("PQ with highlights keeps what is darker, their order and their hue, and reaches white", async () => {
    const greys = [50, 100, 150, 203, 400, 1000, 10_000];
    const { image } = await readImage(row([...greys.map((v) => [v, v, v] as const), [4000, 1000, 1000]]));
    const found = greys.map((_, i) => image.data[3 * i]!);
    assert.ok(
      Math.abs(found[0]! - level(50 / 203)) <= 1 && Math.abs(found[1]! - level(100 / 203)) <= 1,
      String(found),
    );
    for (let i = 1; i < found.length; i++) assert.ok(found[i]! > found[i - 1]!, String(found));
    assert.equal(found.at(-1), 255);
    const [r, g, b] = image.data.subarray(3 * greys.length) as unknown as [number, number, number];
    assert.ok(r > g + 20 && r > b + 20, `${r}, ${g}, ${b}`);
  });

  test("HLG: its reference white, 75 %, is white, and its order is kept", async () => {
    const parts = [0, 0.1, 0.25, 0.5, 0.75];
    const greys = parts.flatMap((v) => new Array(3).fill(Math.round(65535 * v)));
    const { image, notes } = await readImage(
      png({ width: 5, height: 1, channels: 3, depth: 16 }, greys, [cicp(9, 18)]),
    );
    const found = parts.map((_, i) => image.data[3 * i]!);
    assert.ok(found[0] === 0 && found[4]! >= 253, String(found));
    for (let i = 1; i < found.length; i++) assert.ok(found[i]! > found[i - 1]!, String(found));
    assert.deepEqual(notes, ["tone-mapped from HLG (BT.2020 with the HLG curve)"]);
  });
});
