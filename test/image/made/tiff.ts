/** A TIFF of one plain strip, written by hand. */
export interface RawTiff {
  readonly width: number;
  readonly height: number;
  readonly bands: number;
  /** 1–16, 32 or 64. */
  readonly bits: number;
  readonly bigEndian?: boolean;
  /** 1 unsigned, 2 signed, 3 float. */
  readonly format?: 1 | 2 | 3;
  /** 0 grey where 0 is white, 1 grey, 2 RGB, 3 a palette, 5 CMYK, 8 CIELab, 9 ICCLab. */
  readonly photometric?: number;
  /** Kinds of extra bands: 0 unspecified, 1 and 2 alpha. */
  readonly extra?: readonly number[];
  readonly planar?: boolean;
  readonly compression?: number;
  readonly icc?: Buffer;
  /** Further tags of 16-bit numbers. */
  readonly tags?: readonly (readonly [tag: number, ...values: number[]])[];
}

export function tiff(header: RawTiff, samples: readonly number[]): Buffer {
  const {
    width,
    height,
    bands,
    bits,
    bigEndian = false,
    format = 1,
    extra = [],
    planar = false,
    icc,
  } = header;
  const { photometric = bands - extra.length < 3 ? 1 : 2, compression = 1, tags = [] } = header;
  const number = (value: number, size: number): Buffer => {
    const bytes = Buffer.alloc(size);
    if (bigEndian) bytes.writeUIntBE(value, 0, size);
    else bytes.writeUIntLE(value, 0, size);
    return bytes;
  };
  const list = (values: readonly number[], size: number): Buffer =>
    Buffer.concat(values.map((value) => number(value, size)));
  const ordered = planar ? byPlane(samples, bands) : samples;
  const pixels = packed(ordered, header, planar ? width : width * bands);
  const own: [tag: number, type: number, values: Buffer, count: number][] = [
    [256, 4, number(width, 4), 1],
    [257, 4, number(height, 4), 1],
    [258, 3, list(new Array(bands).fill(bits), 2), bands],
    [259, 3, number(compression, 2), 1],
    [262, 3, number(photometric, 2), 1],
    [277, 3, number(bands, 2), 1],
    [278, 4, number(height, 4), 1],
    [284, 3, number(planar ? 2 : 1, 2), 1],
    [339, 3, list(new Array(bands).fill(format), 2), bands],
  ];
  if (extra.length > 0) own.push([338, 3, list(extra, 2), extra.length]);
  if (icc) own.push([34675, 7, icc, icc.length]);
  for (const [tag, ...values] of tags) own.push([tag, 3, list(values, 2), values.length]);
  const planes = planar ? bands : 1;
  const part = pixels.length / planes;
  const starts = Array.from({ length: planes }, (_, i) => 8 + i * part);
  own.push([273, 4, list(starts, 4), planes], [279, 4, list(new Array(planes).fill(part), 4), planes]);
  own.sort(([a], [b]) => a - b);
  const start = 8 + pixels.length + (pixels.length % 2);
  let at = start + 2 + 12 * own.length + 4;
  const outside: Buffer[] = [];
  const entries = own.map(([tag, type, values, count]) => {
    const inside = values.length <= 4;
    const place = inside ? Buffer.concat([values, Buffer.alloc(4 - values.length)]) : number(at, 4);
    if (!inside) {
      const even = Buffer.concat([values, Buffer.alloc(values.length % 2)]);
      outside.push(even);
      at += even.length;
    }
    return Buffer.concat([number(tag, 2), number(type, 2), number(count, 4), place]);
  });
  return Buffer.concat([
    Buffer.from(bigEndian ? "MM" : "II"),
    number(42, 2),
    number(start, 4),
    pixels,
    Buffer.alloc(pixels.length % 2),
    number(own.length, 2),
    ...entries,
    Buffer.alloc(4),
    ...outside,
  ]);
}

function byPlane(samples: readonly number[], bands: number): number[] {
  return Array.from({ length: bands }, (_, band) => samples.filter((_, i) => i % bands === band)).flat();
}

function packed(samples: readonly number[], { bits, format, bigEndian }: RawTiff, rowLength: number): Buffer {
  if (bits % 8 !== 0 || bits < 8) return packedBits(samples, bits, rowLength);
  const size = bits / 8;
  const bytes = Buffer.alloc(samples.length * size);
  for (const [i, sample] of samples.entries()) {
    const at = i * size;
    if (format === 3 && size === 8)
      bigEndian ? bytes.writeDoubleBE(sample, at) : bytes.writeDoubleLE(sample, at);
    else if (format === 3 && size === 2)
      bigEndian ? bytes.writeUInt16BE(half(sample), at) : bytes.writeUInt16LE(half(sample), at);
    else if (format === 3) bigEndian ? bytes.writeFloatBE(sample, at) : bytes.writeFloatLE(sample, at);
    else if (format === 2)
      bigEndian ? bytes.writeIntBE(sample, at, size) : bytes.writeIntLE(sample, at, size);
    else if (bigEndian) bytes.writeUIntBE(sample, at, size);
    else bytes.writeUIntLE(sample, at, size);
  }
  return bytes;
}

/** The bits of a 16-bit float (IEEE 754) of at least 2⁻¹⁴, or of 0. */
function half(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = Math.round((Math.abs(value) / 2 ** exponent - 1) * 1024);
  return (value < 0 ? 0x8000 : 0) + (exponent + 15) * 1024 + fraction;
}

/** Rows begin at whole bytes. */
function packedBits(samples: readonly number[], bits: number, rowLength: number): Buffer {
  const rows: Buffer[] = [];
  for (let from = 0; from < samples.length; from += rowLength) {
    const text = samples
      .slice(from, from + rowLength)
      .map((sample) => sample.toString(2).padStart(bits, "0"))
      .join("");
    rows.push(
      Buffer.from((text.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2))),
    );
  }
  return Buffer.concat(rows);
}
