import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { readImage } from "../../src/image/read.ts";
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
import { expected, power, srgb } from "./made/expected.ts";
import { rgbProfile, tableProfile } from "./made/icc.ts";
import { type RawTiff, tiff } from "./made/tiff.ts";

const size = { width: WIDTH, height: HEIGHT };

type Header = Pick<RawTiff, "bits"> & Partial<RawTiff>;

function file(layout: Layout, white: number, header: Header): Buffer {
  const extra = layout.endsWith("alpha") ? { extra: [2] } : {};
  const bands = CHANNELS[layout];
  const samples = header.format === 3 ? chart(layout).map((v) => (v / 255) * white) : chart(layout, white);
  const stored =
    header.photometric === 0 ? samples.map((v, i) => (i % bands === 0 ? white - v : v)) : samples;
  return tiff({ ...size, bands, ...extra, ...header }, stored);
}

async function shows(
  bytes: Buffer,
  layout: Layout,
  notes: readonly RegExp[],
  curve = srgb,
  tolerance = 2,
): Promise<void> {
  const read = await readImage(bytes);
  for (const i of PATCHES.keys()) {
    const wanted = expected("sRGB", curve, levels(i, layout).slice(0, layout.startsWith("RGB") ? 3 : 1));
    const found = read.image.data.subarray(3 * middle(i), 3 * middle(i) + 3);
    for (const [c, value] of wanted.entries())
      assert.ok(Math.abs(found[c]! - value) <= tolerance, `patch ${i}: expected ${wanted}, got ${found}`);
    if (layout.endsWith("alpha")) assert.ok(Math.abs(read.image.alpha![middle(i)]! - opacity(i)) <= 1);
  }
  assert.equal(read.notes.length, notes.length, read.notes.join());
  for (const [i, note] of notes.entries()) assert.match(read.notes[i]!, note);
}

const refuses = (bytes: Buffer, message: RegExp): Promise<void> =>
  assert.rejects(readImage(bytes), (error: unknown) => {
    assert.ok(error instanceof ZippyNetError && error.code === "bad-image", String(error));
    assert.match(error.message, message);
    return true;
  });

suite("integers", () => {
  const layouts = Object.keys(CHANNELS) as Layout[];
  for (const layout of layouts) {
    for (const bigEndian of [false, true]) {
      const order = bigEndian ? "big" : "little";
      test(`8 and 16 bits, ${layout}, ${order}-endian`, async () => {
        await shows(file(layout, 255, { bits: 8, bigEndian }), layout, []);
        await shows(file(layout, 65535, { bits: 16, bigEndian }), layout, []);
      });
      test(`32 bits, ${layout}, ${order}-endian`, () =>
        shows(file(layout, 2 ** 32 - 1, { bits: 32, bigEndian }), layout, [
          /^32-bit integer samples taken from 0 to 4294967295$/,
        ]));
      test(`signed, ${layout}, ${order}-endian`, async () => {
        await shows(file(layout, 127, { bits: 8, format: 2, bigEndian }), layout, [
          /^8-bit integer .* from 0 to 127$/,
        ]);
        await shows(file(layout, 32767, { bits: 16, format: 2, bigEndian }), layout, [
          /^16-bit integer .* from 0 to 32767$/,
        ]);
        await shows(file(layout, 2 ** 31 - 1, { bits: 32, format: 2, bigEndian }), layout, [
          /from 0 to 2147483647$/,
        ]);
      });
      test(`where 0 is white, ${layout}, ${order}-endian`, async () => {
        if (layout.startsWith("RGB")) return;
        for (const [header, white] of [
          [{ bits: 8 }, 255],
          [{ bits: 12 }, 4095],
          [{ bits: 16 }, 65535],
          [{ bits: 32 }, 2 ** 32 - 1],
          [{ bits: 8, format: 2 }, 127],
          [{ bits: 16, format: 2 }, 32767],
          [{ bits: 32, format: 2 }, 2 ** 31 - 1],
          [{ bits: 16, format: 3 }, 1],
          [{ bits: 32, format: 3 }, 1],
        ] as const) {
          const notes = "format" in header || header.bits === 32 ? [/^\d+-bit .* taken /] : [];
          await shows(file(layout, white, { photometric: 0, bigEndian, ...header }), layout, notes);
        }
      });
      for (const bits of [9, 10, 12, 14, 15]) {
        test(`${bits} bits without a gap, ${layout}, ${order}-endian`, () =>
          shows(file(layout, 2 ** bits - 1, { bits, bigEndian }), layout, []));
      }
    }
    if (CHANNELS[layout] > 2) {
      test(`in planes, ${layout}`, async () => {
        await shows(file(layout, 255, { bits: 8, planar: true }), layout, []);
        await shows(file(layout, 65535, { bits: 16, planar: true }), layout, []);
      });
    }
  }

  for (const bits of [2, 3, 4, 5, 6, 7]) {
    test(`${bits} bits of colours, and of grey with alpha`, async () => {
      const white = 2 ** bits - 1;
      const samples = Array.from({ length: 48 }, (_, i) => (i * 7) % (white + 1));
      const level = (v: number): number => Math.round((255 * v) / white);
      const rgb = await readImage(tiff({ width: 4, height: 4, bands: 3, bits }, samples));
      assert.deepEqual([...rgb.image.data], samples.map(level));
      const grey = await readImage(tiff({ width: 6, height: 4, bands: 2, bits, extra: [2] }, samples));
      const even = samples.filter((_, i) => i % 2 === 0).map(level);
      assert.deepEqual([...grey.image.data.filter((_, i) => i % 3 === 0)], even);
      assert.deepEqual([...grey.image.alpha!], samples.filter((_, i) => i % 2 === 1).map(level));
    });
  }

  for (const bits of [1, 2, 4] as const) {
    test(`${bits} bits of grey`, () => {
      const white = 2 ** bits - 1;
      const samples = Array.from({ length: 256 }, (_, i) => i % (white + 1));
      const bytes = tiff({ width: 16, height: 16, bands: 1, bits }, samples);
      return readImage(bytes).then(({ image }) =>
        assert.deepEqual(
          [...image.data.filter((_, i) => i % 3 === 0)],
          samples.map((v) => (255 * v) / white),
        ),
      );
    });
  }

  test("numbers below 0 are darker than 0", async () => {
    const bytes = tiff({ width: 4, height: 1, bands: 1, bits: 16, format: 2 }, [-32768, -16384, 0, 32767]);
    const { image } = await readImage(bytes);
    assert.deepEqual([...image.data.filter((_, i) => i % 3 === 0)], [0, 64, 128, 255]);
  });

  test("counts that use little of what their type holds are stretched", async () => {
    const bytes = tiff({ width: 4, height: 1, bands: 1, bits: 32 }, [1000, 2000, 3000, 5000]);
    const { image, notes } = await readImage(bytes);
    assert.deepEqual([...image.data.filter((_, i) => i % 3 === 0)], [0, 64, 128, 255]);
    assert.deepEqual(notes, ["32-bit integer samples stretched from 1000 to 5000"]);
  });

  test("levels of 0–255 in a wider type stay levels", () =>
    shows(file("RGB", 255, { bits: 32 }), "RGB", [/^32-bit integer samples taken for levels of 0 to 255$/]));
});

suite("floats", () => {
  test("grey of 0–1 is levels", () =>
    shows(file("grey", 1, { bits: 32, format: 3 }), "grey", [/of 0 to 1 taken for levels$/]));
  test("grey with alpha", () =>
    shows(file("grey + alpha", 1, { bits: 32, format: 3 }), "grey + alpha", [/of 0 to 1 taken for levels$/]));
  test("grey of 0–255 is levels", () =>
    shows(file("grey", 255, { bits: 32, format: 3 }), "grey", [/taken for levels of 0 to 255$/]));
  test("grey of any other range is stretched", () =>
    shows(file("grey", 1e6, { bits: 32, format: 3 }), "grey", [/stretched from 0 to 1000000$/]));
  test("RGB of 0–1 is light", () =>
    shows(file("RGB", 1, { bits: 32, format: 3 }), "RGB", [/taken for light$/], power(1)));
  test("RGB with alpha", () =>
    shows(
      file("RGB + alpha", 1, { bits: 32, format: 3, bigEndian: true }),
      "RGB + alpha",
      [/taken for light$/],
      power(1),
    ));
  test("RGB with a profile goes by that", () =>
    shows(file("RGB", 1, { bits: 32, format: 3, icc: rgbProfile("sRGB", "sRGB", "sRGB") }), "RGB", [
      /taken for light$/,
    ]));

  for (const layout of Object.keys(CHANNELS) as Layout[]) {
    for (const bigEndian of [false, true]) {
      test(`16 bits, ${layout}, ${bigEndian ? "big" : "little"}-endian`, async () => {
        const light = layout.startsWith("RGB");
        const header = { bits: 16, format: 3, bigEndian } as const;
        await shows(
          file(layout, 1, header),
          layout,
          [light ? /taken for light$/ : /of 0 to 1 taken for levels$/],
          light ? power(1) : srgb,
        );
        await shows(file(layout, 255, header), layout, [/taken for levels of 0 to 255$/]);
      });
    }
  }

  test("what is no number is black, and all alike is grey", async () => {
    const odd = tiff({ width: 4, height: 1, bands: 1, bits: 32, format: 3 }, [Number.NaN, -1, 1, Infinity]);
    assert.deepEqual([...(await readImage(odd)).image.data.filter((_, i) => i % 3 === 0)], [0, 0, 255, 255]);
    const flat = tiff({ width: 2, height: 1, bands: 1, bits: 32, format: 3 }, [7.5, 7.5]);
    assert.deepEqual([...(await readImage(flat)).image.data], new Array(6).fill(128));
  });
});

suite("bands", () => {
  const five = (extra: readonly number[], order: readonly (readonly number[])[]): Buffer =>
    tiff({ width: order.length, height: 1, bands: 3 + extra.length, bits: 8, extra }, order.flat());
  const alphaOf = async (bytes: Buffer): Promise<number[] | undefined> => {
    const { image } = await readImage(bytes);
    assert.deepEqual([...image.data.subarray(0, 3)], [10, 20, 30]);
    return image.alpha && [...image.alpha];
  };

  test("alpha is the band that is declared to be", async () => {
    assert.deepEqual(await alphaOf(five([2, 0], [[10, 20, 30, 77, 99]])), [77]);
    assert.deepEqual(await alphaOf(five([0, 2], [[10, 20, 30, 99, 77]])), [77]);
  });
  test("an only extra band is alpha", async () =>
    assert.deepEqual(await alphaOf(five([0], [[10, 20, 30, 77]])), [77]));
  test("two of unknown meaning are none", async () =>
    assert.equal(await alphaOf(five([0, 0], [[10, 20, 30, 77, 99]])), undefined));
  test("with a profile of tables too", async () => {
    const read = async (bands: number, extra: readonly number[], samples: readonly number[], bits = 8) => {
      const space = bands - extra.length === 1 ? "GRAY" : "RGB ";
      const icc = tableProfile(space, bands - extra.length, 5, ([v]) => [100 * v! ** 0.7, 0, 0]);
      const white = samples.map((v) => (bits === 8 ? v : 257 * v));
      const header = { width: 1, height: 1, bands, bits, photometric: space === "GRAY" ? 1 : 2, extra, icc };
      return (await readImage(tiff(header, white))).image;
    };
    for (const bits of [8, 16]) {
      const rgb = await read(4, [2], [10, 20, 30, 77], bits);
      assert.deepEqual([...rgb.alpha!], [77]);
      assert.deepEqual(await read(5, [0, 2], [10, 20, 30, 99, 77], bits), rgb);
      assert.deepEqual(await read(5, [2, 0], [10, 20, 30, 77, 99], bits), rgb);
      assert.equal((await read(5, [0, 0], [10, 20, 30, 77, 99], bits)).alpha, undefined);
      const grey = await read(2, [2], [50, 77], bits);
      assert.deepEqual([...grey.alpha!], [77]);
      assert.deepEqual(await read(3, [0, 2], [50, 99, 77], bits), grey);
    }
  });
  test("of grey too", async () => {
    const bytes = tiff(
      { width: 2, height: 1, bands: 3, bits: 8, photometric: 1, extra: [0, 2] },
      [50, 1, 60, 70, 2, 255],
    );
    const { image } = await readImage(bytes);
    assert.deepEqual([...image.data], [50, 50, 50, 70, 70, 70]);
    assert.deepEqual([...image.alpha!], [60, 255]);
  });
  for (const [name, header, white] of [
    ["8 bits", { bits: 8 }, 255],
    ["12 bits", { bits: 12 }, 4095],
    ["16 bits", { bits: 16 }, 65535],
    ["16 bits, signed", { bits: 16, format: 2 }, 32767],
    ["32 bits", { bits: 32 }, 2 ** 32 - 1],
    ["32 bits, signed", { bits: 32, format: 2 }, 2 ** 31 - 1],
  ] as const) {
    test(`colours that are multiplied with alpha are divided by it, ${name}`, async () => {
      for (const layout of ["RGB + alpha", "grey + alpha"] as const) {
        const bands = CHANNELS[layout];
        const straight = chart(layout, white);
        const multiplied = straight.map((v, i) =>
          i % bands === bands - 1 ? v : Math.round((v * straight[i - (i % bands) + bands - 1]!) / white),
        );
        const { image } = await readImage(tiff({ ...size, bands, extra: [1], ...header }, multiplied));
        for (const i of PATCHES.keys()) {
          const wanted = opacity(i) === 0 ? [0] : levels(i, layout).slice(0, -1);
          for (const [c, value] of wanted.entries())
            assert.ok(Math.abs(image.data[3 * middle(i) + c]! - value) <= 2, `patch ${i} of ${layout}`);
          assert.ok(Math.abs(image.alpha![middle(i)]! - opacity(i)) <= 1);
        }
      }
    });
  }
  for (const bits of [16, 32]) {
    test(`floats of grey that are multiplied with alpha are divided by it, ${bits} bits`, async () => {
      const samples = [0.25, 0.5, 1, 1, 0.0625, 0.25, 0, 0];
      const bytes = tiff(
        { width: 4, height: 1, bands: 2, bits, format: 3, photometric: 1, extra: [1] },
        samples,
      );
      const { image, notes } = await readImage(bytes);
      assert.deepEqual(notes, ["32-bit float samples of 0 to 1 taken for levels"]);
      assert.deepEqual(
        [0, 3, 6, 9].map((at) => image.data[at]),
        [128, 255, 64, 0],
      );
      assert.deepEqual([...image.alpha!], [128, 255, 64, 0]);
    });
  }
});

test("tags of a TIFF whose numbers mean nothing count for nothing", async () => {
  const plain = { width: 2, height: 1, bands: 3, bits: 8 };
  const read = async (...tags: [number, number][]): Promise<Uint8Array> =>
    (await readImage(tiff({ ...plain, tags }, [1, 2, 3, 40, 50, 60]))).image.data;
  // the order of bits in a byte, orientation, and the unit of resolution
  for (const [tag, above] of [
    [266, 3],
    [274, 9],
    [296, 4],
  ] as const)
    for (const value of [0, above, 65535])
      assert.deepEqual([...(await read([tag, value]))], [1, 2, 3, 40, 50, 60], `${tag} is ${value}`);
  assert.deepEqual([...(await read([274, 2], [296, 0]))], [40, 50, 60, 1, 2, 3]);
});

suite("palettes", () => {
  /** A colour map of 256 entries, of which some are given. */
  const map = (colours: readonly (readonly number[])[]): number[] =>
    [0, 1, 2].flatMap((c) => Array.from({ length: 256 }, (_, i) => 257 * (colours[i]?.[c] ?? 0)));
  const COLOURS = [
    [255, 0, 0],
    [40, 160, 90],
    [20, 20, 20],
  ];
  const samples = [0, 255, 1, 128, 2, 0];
  const palette = { width: 3, height: 1, bands: 2, bits: 8, photometric: 3 } as const;
  for (const extra of [0, 1, 2]) {
    test(`with alpha of kind ${extra}`, async () => {
      const bytes = tiff({ ...palette, extra: [extra], tags: [[320, ...map(COLOURS)]] }, samples);
      const { image, notes } = await readImage(bytes);
      assert.deepEqual([...image.data], COLOURS.flat());
      assert.deepEqual([...image.alpha!], [255, 128, 0]);
      assert.deepEqual(notes, []);
    });
  }
  test("of greys, with alpha", async () => {
    const greys = [10, 200, 90].map((v) => [v, v, v]);
    const { image } = await readImage(
      tiff({ ...palette, extra: [2], tags: [[320, ...map(greys)]] }, samples),
    );
    assert.deepEqual([...image.data], greys.flat());
    assert.deepEqual([...image.alpha!], [255, 128, 0]);
  });
});

suite("Lab", () => {
  // CIE L*a*b* under D50 of sRGB's red, green, blue, white and a grey (Bruce Lindbloom's calculator, rounded)
  const LAB = [
    [
      [54.29, 80.81, 69.89],
      [255, 0, 0],
    ],
    [
      [87.82, -79.27, 80.99],
      [0, 255, 0],
    ],
    [
      [29.57, 68.3, -112.03],
      [0, 0, 255],
    ],
    [
      [100, 0, 0],
      [255, 255, 255],
    ],
    [
      [53.59, 0, 0],
      [128, 128, 128],
    ],
  ] as const;
  const check = async (
    bits: 8 | 16,
    photometric: 8 | 9,
    code: (lab: readonly number[]) => number[],
    tolerance: number,
  ): Promise<void> => {
    const samples = LAB.flatMap(([lab]) => code(lab).map(Math.round));
    const { image, notes } = await readImage(
      tiff({ width: LAB.length, height: 1, bands: 3, bits, photometric }, samples),
    );
    for (const [i, [, rgb]] of LAB.entries()) {
      const found = image.data.subarray(3 * i, 3 * i + 3);
      for (const c of [0, 1, 2])
        assert.ok(Math.abs(found[c]! - rgb[c]!) <= tolerance, `expected ${rgb}, got ${found}`);
    }
    assert.deepEqual(notes, [`converted from ${photometric === 8 ? "CIELab" : "ICCLab"}`]);
  };
  const wrapped = (v: number, unit: number): number => (Math.round(v * unit) + 256 * unit) % (256 * unit);
  // a unit of a or b is up to three levels where a channel is dark
  test("CIELab of 8 bits", () => check(8, 8, ([l, a, b]) => [l! * 2.55, wrapped(a!, 1), wrapped(b!, 1)], 10));
  test("CIELab of 16 bits", () =>
    check(16, 8, ([l, a, b]) => [l! * 655.35, wrapped(a!, 256), wrapped(b!, 256)], 2));
  test("ICCLab of 8 bits", () => check(8, 9, ([l, a, b]) => [l! * 2.55, a! + 128, b! + 128], 10));
  test("ICCLab of 16 bits", () =>
    check(16, 9, ([l, a, b]) => [l! * 652.8, (a! + 128) * 256, (b! + 128) * 256], 2));
});

suite("whole, and not read", () => {
  const plain = { width: 2, height: 2, bands: 1 } as const;
  const four = [0, 1, 2, 3];
  test("floats of 64 bits", () =>
    refuses(
      tiff({ ...plain, bits: 64, format: 3 }, four),
      /got a TIFF with float samples of 64 bits: save it with 8 or 16 bits/,
    ));
  test("other colours", async () => {
    for (const [photometric, name] of [
      [4, "a TIFF that is a mask of another picture"],
      [10, "a TIFF in ITU Lab"],
      [32845, "a TIFF in LogLuv"],
      [1234, "a TIFF of photometric interpretation 1234"],
    ] as const)
      await refuses(tiff({ ...plain, bits: 8, photometric }, four), new RegExp(`${name}: convert it`));
    const inks = { width: 1, height: 1, bands: 4, bits: 8, photometric: 5, tags: [[332, 2]] } as const;
    await refuses(tiff(inks, four), /a TIFF of inks other than those of CMYK: convert it/);
  });
  test("no word on what the samples mean", () => {
    const bytes = tiff({ ...plain, bits: 8 }, four);
    // the tag of the photometric interpretation becomes another, which nothing knows
    const at = bytes.indexOf(Buffer.from([6, 1, 3, 0, 1, 0, 0, 0]));
    bytes.writeUInt16LE(261, at);
    return refuses(
      bytes,
      /a TIFF that does not say what its samples mean \(PhotometricInterpretation\): convert it/,
    );
  });
  test("Lab of other samples", async () => {
    const lab = { width: 1, height: 1, bands: 3, photometric: 8 } as const;
    for (const [bits, format, name] of [
      [32, 3, "float"],
      [12, 1, "unsigned"],
      [16, 2, "signed"],
    ] as const)
      await refuses(
        tiff({ ...lab, bits, format }, [1, 2, 3]),
        new RegExp(`a TIFF in Lab with ${name} samples of ${bits} bits: save it with`),
      );
  });
  test("16-bit floats in planes", () =>
    refuses(
      tiff({ width: 1, height: 1, bands: 3, bits: 16, format: 3, planar: true }, [1, 2, 3]),
      /a TIFF that holds 16-bit floats in planes: save it/,
    ));
  test("a palette of 4 bits with alpha", () =>
    refuses(
      tiff({ width: 1, height: 1, bands: 2, bits: 4, photometric: 3, extra: [2] }, [1, 2]),
      /a TIFF of a palette of 4 bits with alpha: save it/,
    ));
  test("compression that is not built in", async () => {
    for (const [compression, name] of [
      [6, "old-style JPEG"],
      [50000, "Zstandard"],
      [34925, "LZMA"],
      [34712, "JPEG 2000"],
      [50002, "JPEG XL"],
    ] as const)
      await refuses(
        tiff({ ...plain, bits: 8, compression }, four),
        new RegExp(`a TIFF compressed with ${name}: save it with`),
      );
  });
  test("the raw data of a camera", () =>
    refuses(tiff({ ...plain, bits: 8, tags: [[50706, 1]] }, four), /the raw data of a camera: develop it/));
  test("YCbCr without JPEG", () =>
    refuses(
      tiff({ width: 1, height: 1, bands: 3, bits: 8, photometric: 6 }, [1, 2, 3]),
      /a TIFF in YCbCr without JPEG compression: convert it to RGB/,
    ));
  test("YCbCr in planes", () =>
    refuses(
      tiff(
        { width: 1, height: 1, bands: 3, bits: 8, photometric: 6, planar: true, compression: 7 },
        [1, 2, 3],
      ),
      /a TIFF that holds YCbCr in planes: save it/,
    ));
  test("alpha in tiles of JPEG", () =>
    refuses(
      tiff(
        { width: 1, height: 1, bands: 4, bits: 8, extra: [2], compression: 7, tags: [[322, 16]] },
        [1, 2, 3, 4],
      ),
      /a TIFF with alpha or other bands in tiles of JPEG: save it/,
    ));
  test("grey and alpha in planes", () =>
    refuses(
      tiff({ width: 2, height: 2, bands: 2, bits: 8, extra: [2], planar: true }, [0, 1, 2, 3, 4, 5, 6, 7]),
      /a TIFF that holds grey and other bands in planes: save it/,
    ));
  test("a preview in front", () =>
    refuses(tiff({ ...plain, bits: 8, tags: [[254, 1]] }, four), /begins with a preview of another picture/));
  test("fewer bands than colours have, or two behind a palette", async () => {
    for (const [photometric, bands, came] of [
      [2, 2, "2 bands where its colours have 3"],
      [5, 3, "3 bands where its colours have 4"],
      [8, 1, "1 bands where its colours have 3"],
      [3, 3, "3 bands, one of them a palette's"],
    ] as const) {
      const bytes = tiff({ width: 1, height: 1, bands, bits: 8, photometric }, [1, 2, 3]);
      await refuses(bytes, new RegExp(`a TIFF of ${came}: save`));
    }
  });
  test("CMYK of 16 bits that is multiplied with alpha", () =>
    refuses(
      tiff({ width: 1, height: 1, bands: 5, bits: 16, photometric: 5, extra: [1] }, [1, 2, 3, 4, 5]),
      /a TIFF in CMYK of 16 bits that is multiplied with alpha: convert it to RGB/,
    ));
  test("more bands than are read", () =>
    refuses(
      tiff(
        { width: 1, height: 1, bands: 7, bits: 8, photometric: 2, extra: [0, 0, 0, 0] },
        [1, 2, 3, 4, 5, 6, 7],
      ),
      /a TIFF of 7 bands/,
    ));
});
