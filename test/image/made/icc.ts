/** ICC profiles of curves (ICC.1:2001, version 2), written by hand. */
type Triple = readonly [number, number, number];

/** Columns under D50, as the profiles of Apple, Adobe and the ICC have them. */
const COLUMNS = {
  sRGB: [
    [0.43607, 0.22249, 0.01392],
    [0.38515, 0.71687, 0.09708],
    [0.14307, 0.06061, 0.7141],
  ],
  P3: [
    [0.51512, 0.2412, -0.00105],
    [0.29198, 0.69225, 0.04189],
    [0.1571, 0.06657, 0.78407],
  ],
  "Adobe RGB": [
    [0.60974, 0.31111, 0.01947],
    [0.20528, 0.62567, 0.06087],
    [0.14919, 0.06322, 0.74457],
  ],
} as const satisfies Record<string, readonly [Triple, Triple, Triple]>;

/** A curve: an exponent, or `sRGB` as 1024 points. */
export type Trc = number | "sRGB";

export function rgbProfile(name: string, gamut: keyof typeof COLUMNS, trc: Trc): Buffer {
  const [red, green, blue] = COLUMNS[gamut];
  const curve = curveTag(trc);
  return profile("RGB ", [
    ["desc", description(name)],
    ["rXYZ", xyz(red)],
    ["gXYZ", xyz(green)],
    ["bXYZ", xyz(blue)],
    ["rTRC", curve],
    ["gTRC", curve],
    ["bTRC", curve],
  ]);
}

export function greyProfile(name: string, trc: Trc): Buffer {
  return profile("GRAY", [
    ["desc", description(name)],
    ["kTRC", curveTag(trc)],
  ]);
}

/** A profile of tables (lut16): `grid` points a channel, each given Lab by `lab` from channels of 0–1. */
export function tableProfile(
  space: "RGB " | "GRAY" | "CMYK",
  channels: number,
  grid: number,
  lab: (at: readonly number[]) => Triple,
): Buffer {
  const head = Buffer.alloc(52);
  head.write("mft2", "latin1");
  head.set([channels, 3, grid], 8);
  for (const i of [0, 4, 8]) head.writeInt32BE(65536, 12 + 4 * i);
  head.writeUInt16BE(2, 48);
  head.writeUInt16BE(2, 50);
  const points = Array.from({ length: grid ** channels }, (_, i) => {
    const at = Array.from(
      { length: channels },
      (_, c) => (Math.floor(i / grid ** (channels - 1 - c)) % grid) / (grid - 1),
    );
    const [l, a, b] = lab(at);
    return u16(l * 652.8, (a + 128) * 256, (b + 128) * 256);
  });
  const straight = u16(0, 65535);
  const lines = (count: number): Buffer[] => Array.from({ length: count }, () => straight);
  const a2b = Buffer.concat([head, ...lines(channels), ...points, ...lines(3)]);
  const bytes = profile(space, [
    ["desc", description("Tables")],
    ["A2B0", a2b],
  ]);
  bytes.write("Lab ", 20, "latin1");
  if (space === "CMYK") bytes.write("prtr", 12, "latin1");
  return bytes;
}

function profile(space: string, tags: readonly (readonly [string, Buffer])[]): Buffer {
  const all = [
    ...tags,
    ["wtpt", xyz([0.9642, 1, 0.8249])],
    ["cprt", Buffer.from("text\0\0\0\0none\0")],
  ] as const;
  const table = Buffer.alloc(132 + 12 * all.length);
  const data: Buffer[] = [];
  let at = table.length;
  for (const [i, [name, bytes]] of all.entries()) {
    table.write(name, 132 + 12 * i, "latin1");
    table.writeUInt32BE(at, 136 + 12 * i);
    table.writeUInt32BE(bytes.length, 140 + 12 * i);
    const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
    data.push(padded);
    at += padded.length;
  }
  table.writeUInt32BE(at, 0);
  table.writeUInt32BE(0x02400000, 8);
  table.write(`mntr${space}XYZ `, 12, "latin1");
  table.write("acsp", 36, "latin1");
  xyz([0.9642, 1, 0.8249]).copy(table, 68, 8);
  table.writeUInt32BE(all.length, 128);
  return Buffer.concat([table, ...data]);
}

function xyz(values: Triple): Buffer {
  const tag = Buffer.alloc(20);
  tag.write("XYZ ", "latin1");
  for (const [i, value] of values.entries()) tag.writeInt32BE(Math.round(value * 65536), 8 + 4 * i);
  return tag;
}

function curveTag(trc: Trc): Buffer {
  const points =
    trc === "sRGB" ? Array.from({ length: 1024 }, (_, i) => 65535 * srgb(i / 1023)) : [trc * 256];
  const head = Buffer.alloc(12);
  head.write("curv", "latin1");
  head.writeUInt32BE(points.length, 8);
  return Buffer.concat([head, u16(...points)]);
}

function srgb(v: number): number {
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}

function description(text: string): Buffer {
  const head = Buffer.alloc(12);
  head.write("desc", "latin1");
  head.writeUInt32BE(text.length + 1, 8);
  return Buffer.concat([head, Buffer.from(text, "latin1"), Buffer.alloc(79)]);
}

function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [i, value] of values.entries())
    bytes.writeUInt16BE(Math.min(65535, Math.max(0, Math.round(value))), 2 * i);
  return bytes;
}
