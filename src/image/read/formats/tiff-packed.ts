import { inflateSync } from "node:zlib";
import { damaged, unsupported } from "../outline.ts";
import type { Directory } from "./tiff-directory.ts";

/**
 * Whether samples are packed in a way that libvips does not unpack: with a depth of scanners and cameras, such as 12
 * bits, or several of less than 8 bits a pixel.
 */
export function isPacked(bits: number, bands: number): boolean {
  return bits < 16 && bits !== 8 && (bands > 1 || ![1, 2, 4].includes(bits));
}

/**
 * Makes a 16-bit TIFF of one with 1 to 15 bits a sample. Throws `bad-image` unless its strips are uncompressed or
 * deflated.
 */
export function unpacked(bytes: Uint8Array, directory: Directory, bits: number): Uint8Array {
  const number = (tag: number, otherwise: number): number => directory.numbers(tag)[0] ?? otherwise;
  const [width, height, bands] = [number(256, 0), number(257, 0), number(277, 1)];
  const compression = number(259, 1);
  const plain = compression === 1 || compression === 8 || compression === 32946;
  const apart = bands > 1 && number(284, 1) !== 1;
  if (!plain || apart || directory.has(322) || number(266, 1) !== 1 || number(317, 1) !== 1)
    throw unsupported(
      `a TIFF of ${bits} bits a sample in tiles, planes or a code of its own`,
      "save it with 16 bits first",
    );
  const rowBytes = Math.ceil((width * bands * bits) / 8);
  const rows = stripsOf(bytes, directory, compression !== 1, { rowBytes, height });
  const samples = new Uint16Array(width * height * bands);
  const most = (1 << bits) - 1;
  for (let y = 0; y < height; y++) {
    let held = 0;
    let count = 0;
    let at = y * rowBytes;
    for (let i = 0; i < width * bands; i++) {
      for (; count < bits; count += 8) held = ((held & 0xffff) << 8) | rows[at++]!;
      count -= bits;
      samples[y * width * bands + i] = Math.round((((held >>> count) & most) * 65535) / most);
    }
  }
  return fileOf(directory, { width, height, bands }, samples);
}

function stripsOf(
  bytes: Uint8Array,
  directory: Directory,
  deflated: boolean,
  { rowBytes, height }: { readonly rowBytes: number; readonly height: number },
): Uint8Array {
  const [offsets, counts] = [directory.numbers(273, height), directory.numbers(279, height)];
  const rowsPerStrip = Math.min(height, directory.numbers(278)[0] ?? height);
  const all = new Uint8Array(rowBytes * height);
  for (let i = 0, to = 0; to < all.length; i++) {
    const strip = bytes.subarray(offsets[i] ?? bytes.length, (offsets[i] ?? bytes.length) + (counts[i] ?? 0));
    const length = Math.min(rowsPerStrip * rowBytes, all.length - to);
    let part: Uint8Array;
    try {
      part = deflated ? inflateSync(strip, { maxOutputLength: length + 65536 }) : strip;
    } catch (cause) {
      throw damaged("image/tiff", "its pixels cannot be unpacked", cause);
    }
    if (part.length < length || length === 0)
      throw damaged(
        "image/tiff",
        `it ends too soon, ${Math.floor((to + part.length) / rowBytes)} of its ${height} rows are there`,
      );
    all.set(part.subarray(0, length), to);
    to += length;
  }
  return all;
}

/** Tags that are copied: kind of colours, orientation, and kinds of extra channels. */
const KEPT = [262, 274, 338];

function fileOf(
  directory: Directory,
  { width, height, bands }: { readonly width: number; readonly height: number; readonly bands: number },
  samples: Uint16Array,
): Uint8Array {
  const icc = directory.data(34675);
  const bits = 8;
  const extra = directory.numbers(338);
  const pixels = bits + 2 * bands + 2 * extra.length;
  const profile = pixels + 2 * samples.length;
  const short = (tag: number, value: number, count = 1): number[] => [tag, 3, count, value];
  const long = (tag: number, value: number): number[] => [tag, 4, 1, value];
  const placed = (tag: number, values: readonly number[], at: number): number[][] =>
    values.length === 0
      ? []
      : values.length > 2
        ? [[tag, 3, values.length, at]]
        : [short(tag, values[0]! + (values[1] ?? 0) * 65536, values.length)];
  const own = [
    long(256, width),
    long(257, height),
    ...placed(258, new Array<number>(bands).fill(16), bits),
    short(259, 1),
    ...KEPT.slice(0, 2).flatMap((tag) =>
      directory
        .numbers(tag)
        .slice(0, 1)
        .map((value) => short(tag, value)),
    ),
    long(273, pixels),
    short(277, bands),
    long(278, height),
    long(279, 2 * samples.length),
    ...placed(338, extra, bits + 2 * bands),
    ...(icc.length > 0 ? [[34675, 7, icc.length, profile]] : []),
  ].sort((a, b) => a[0]! - b[0]!);
  const start = profile + icc.length + (icc.length % 2);
  const file = Buffer.alloc(start + 2 + 12 * own.length + 4);
  file.write("II*\0", "latin1");
  file.writeUInt32LE(start, 4);
  for (let i = 0; i < bands; i++) file.writeUInt16LE(16, bits + 2 * i);
  for (const [i, value] of extra.entries()) file.writeUInt16LE(value, bits + 2 * bands + 2 * i);
  const view = new DataView(file.buffer, file.byteOffset + pixels); // entries() and writeUInt16LE take as long as all the rest
  for (let i = 0; i < samples.length; i++) view.setUint16(2 * i, samples[i]!, true);
  file.set(icc, profile);
  file.writeUInt16LE(own.length, start);
  for (const [i, [tag, type, count, value]] of own.entries()) {
    const at = start + 2 + 12 * i;
    file.writeUInt16LE(tag!, at);
    file.writeUInt16LE(type!, at + 2);
    file.writeUInt32LE(count!, at + 4);
    file.writeUInt32LE(value!, at + 8);
  }
  return file;
}
