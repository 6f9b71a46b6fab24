import { crc32, deflateSync } from "node:zlib";

/** PNG colour types by number of channels. */
const TYPES = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;

interface RawPng {
  readonly width: number;
  readonly height: number;
  readonly channels: keyof typeof TYPES;
  readonly depth: 8 | 16;
}

/**
 * A PNG of given samples, written here so that a test knows what it says whatever a library thinks. `before` and
 * `after` are chunks around its pixels.
 */
export function png(
  header: RawPng,
  samples: readonly number[],
  before: readonly Buffer[] = [],
  after: readonly Buffer[] = [],
): Buffer {
  const { width, height, channels, depth } = header;
  const size = depth / 8;
  const row = width * channels * size;
  const raw = Buffer.alloc(height * (1 + row));
  samples.forEach((sample, i) => {
    const y = Math.floor(i / (width * channels));
    raw.writeUIntBE(sample, y * (1 + row) + 1 + (i % (width * channels)) * size, size);
  });
  return wrap(header, deflateSync(raw), before, after);
}

/** A PNG whose header promises what its data does not hold. */
export function hollowPng(width: number, height: number): Buffer {
  return wrap({ width, height, channels: 3, depth: 8 }, deflateSync(Buffer.alloc(64)));
}

function wrap(
  { width, height, channels, depth }: RawPng,
  data: Buffer,
  before: readonly Buffer[] = [],
  after: readonly Buffer[] = [],
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, TYPES[channels]], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    ...before,
    chunk("IDAT", data),
    ...after,
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

export function profileChunk(icc: Buffer): Buffer {
  return chunk("iCCP", Buffer.concat([Buffer.from("made\0\0", "latin1"), deflateSync(icc)]));
}

export function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
