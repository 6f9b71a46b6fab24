import type { Size } from "../image.ts";
import { damagedZn, notZn } from "./bytes.ts";

/** Pixels up to which the end of a frame is looked for. Finding it takes longer than decoding the frame. */
const MAX_CHECKED_PIXELS = 2 ** 20;

/** Throws `bad-file` if bytes follow a VP8L frame of up to 2²⁰ pixels. */
export function assertVp8lEnds(frame: Uint8Array, size: Size): void {
  if (size.width * size.height > MAX_CHECKED_PIXELS) return;
  const length = vp8lLength(frame, size);
  if (length < frame.length)
    throw notZn(`expected no bytes after the VP8L frame, got ${frame.length - length}`);
}

/**
 * How many bytes a VP8L frame takes (RFC 9649, §3 and §4): its prefix codes are read to the last pixel, but no pixel is
 * computed. Decoders ignore bytes after a frame, so nothing else would notice them.
 *
 * @param frame with its header of 5 bytes
 * @throws `bad-file` if it is not a whole frame
 */
export function vp8lLength(frame: Uint8Array, { width, height }: Size): number {
  const bits = new Bits(frame, HEADER);
  let columns = width;
  const seen = new Set<number>();
  while (bits.read(1) === 1) {
    const transform = bits.read(2);
    if (seen.has(transform)) throw damagedZn("expected each VP8L transform once");
    seen.add(transform);
    if (transform === PREDICTOR || transform === COLOUR) {
      const block = bits.read(3) + 2;
      readImage(bits, { width: blocksOf(columns, block), height: blocksOf(height, block) });
    } else if (transform === COLOUR_INDEXING) {
      const colours = bits.read(8) + 1;
      readImage(bits, { width: colours, height: 1 });
      // several indices of few bits are one pixel
      columns = blocksOf(columns, colours <= 2 ? 3 : colours <= 4 ? 2 : colours <= 16 ? 1 : 0);
    }
  }
  const cache = readCacheSize(bits);
  const groups = bits.read(1) === 1 ? readGroups(bits, { width: columns, height }) : undefined;
  const codes = Array.from({ length: groups?.count ?? 1 }, () => readCodes(bits, cache));
  readPixels(bits, { width: columns, height }, codes, groups);
  return bits.end;
}

const HEADER = 5;
const [PREDICTOR, COLOUR, COLOUR_INDEXING] = [0, 1, 3];

/** Size in blocks of 2^bits pixels. */
function blocksOf(side: number, bits: number): number {
  return Math.ceil(side / 2 ** bits);
}

/** Bits of an index into the colour cache; 0 for none. */
function readCacheSize(bits: Bits): number {
  if (bits.read(1) === 0) return 0;
  const size = bits.read(4);
  if (size < 1 || size > 11) throw damagedZn(`expected a VP8L colour cache of 1–11 bits, got ${size}`);
  return size;
}

/** Which group of prefix codes belongs to each block of pixels. */
interface Groups {
  readonly count: number;
  /** log₂ of a block's side. */
  readonly block: number;
  readonly columns: number;
  readonly numbers: Uint16Array;
}

function readGroups(bits: Bits, { width, height }: Size): Groups {
  const block = bits.read(3) + 2;
  const columns = blocksOf(width, block);
  const pixels = readImage(bits, { width: columns, height: blocksOf(height, block) });
  const numbers = Uint16Array.from(pixels, (pixel) => (pixel >>> 8) & 0xffff);
  return { count: numbers.reduce((most, number) => Math.max(most, number), 0) + 1, block, columns, numbers };
}

/** An image within the frame, which has one group of codes: its pixels as alpha, red, green and blue. */
function readImage(bits: Bits, size: Size): Uint32Array {
  const cache = readCacheSize(bits);
  const pixels = new Uint32Array(size.width * size.height);
  const kept = { pixels, cache: new Uint32Array(2 ** cache) };
  readPixels(bits, size, [readCodes(bits, cache)], undefined, kept);
  return pixels;
}

/** Codes of green (with lengths and the colour cache), red, blue, alpha and distances. */
type Codes = readonly [PrefixCode, PrefixCode, PrefixCode, PrefixCode, PrefixCode];

function readCodes(bits: Bits, cache: number): Codes {
  const alphabets = [GREEN_AND_LENGTHS + (cache && 2 ** cache), 256, 256, 256, 40];
  return alphabets.map((alphabet) => readPrefixCode(bits, alphabet)) as unknown as Codes;
}

const GREEN_AND_LENGTHS = 256 + 24;

/** Reads all pixels of an image; with `kept`, stores them and the colour cache that they need. */
function readPixels(
  bits: Bits,
  { width, height }: Size,
  codes: readonly Codes[],
  groups?: Groups,
  kept?: { readonly pixels: Uint32Array; readonly cache: Uint32Array },
): void {
  const put = (at: number, argb: number): void => {
    if (!kept) return;
    kept.pixels[at] = argb;
    kept.cache[Math.imul(argb, 0x1e35a7bd) >>> (32 - Math.log2(kept.cache.length))] = argb;
  };
  const area = width * height;
  for (let at = 0; at < area; ) {
    const [green, red, blue, alpha, distance] = codes[groupOf(groups, at, width)]!;
    const symbol = green.read(bits);
    if (symbol < 256) {
      const [r, b, a] = [red.read(bits), blue.read(bits), alpha.read(bits)];
      put(at++, ((a << 24) | (r << 16) | (symbol << 8) | b) >>> 0);
    } else if (symbol < GREEN_AND_LENGTHS) {
      const length = readNumber(bits, symbol - 256);
      const back = distanceOf(readNumber(bits, distance.read(bits)), width);
      if (back > at || at + length > area) throw damagedZn("expected VP8L copies from within the frame");
      for (let i = 0; i < length; i++, at++) put(at, kept?.pixels[at - back] ?? 0);
    } else {
      put(at++, kept?.cache[symbol - GREEN_AND_LENGTHS] ?? 0);
    }
  }
}

function groupOf(groups: Groups | undefined, at: number, width: number): number {
  if (!groups) return 0;
  const [x, y] = [at % width, Math.floor(at / width)];
  return groups.numbers[(y >> groups.block) * groups.columns + (x >> groups.block)]!;
}

/** A length, or the code of a distance, from its prefix and further bits. */
function readNumber(bits: Bits, prefix: number): number {
  if (prefix < 4) return prefix + 1;
  const extra = (prefix - 2) >> 1;
  return (2 + (prefix & 1)) * 2 ** extra + bits.read(extra) + 1;
}

/** Columns to the left and rows up of the 120 nearest pixels, by their codes from 1 on. */
// biome-ignore format: a table
const NEAREST = [
  [0, 1], [1, 0], [1, 1], [-1, 1], [0, 2], [2, 0], [1, 2], [-1, 2], [2, 1], [-2, 1], [2, 2], [-2, 2],
  [0, 3], [3, 0], [1, 3], [-1, 3], [3, 1], [-3, 1], [2, 3], [-2, 3], [3, 2], [-3, 2], [0, 4], [4, 0],
  [1, 4], [-1, 4], [4, 1], [-4, 1], [3, 3], [-3, 3], [2, 4], [-2, 4], [4, 2], [-4, 2], [0, 5], [3, 4],
  [-3, 4], [4, 3], [-4, 3], [5, 0], [1, 5], [-1, 5], [5, 1], [-5, 1], [2, 5], [-2, 5], [5, 2], [-5, 2],
  [4, 4], [-4, 4], [3, 5], [-3, 5], [5, 3], [-5, 3], [0, 6], [6, 0], [1, 6], [-1, 6], [6, 1], [-6, 1],
  [2, 6], [-2, 6], [6, 2], [-6, 2], [4, 5], [-4, 5], [5, 4], [-5, 4], [3, 6], [-3, 6], [6, 3], [-6, 3],
  [0, 7], [7, 0], [1, 7], [-1, 7], [5, 5], [-5, 5], [7, 1], [-7, 1], [4, 6], [-4, 6], [6, 4], [-6, 4],
  [2, 7], [-2, 7], [7, 2], [-7, 2], [3, 7], [-3, 7], [7, 3], [-7, 3], [5, 6], [-5, 6], [6, 5], [-6, 5],
  [8, 0], [4, 7], [-4, 7], [7, 4], [-7, 4], [8, 1], [8, 2], [6, 6], [-6, 6], [8, 3], [5, 7], [-5, 7],
  [7, 5], [-7, 5], [8, 4], [6, 7], [-6, 7], [7, 6], [-7, 6], [8, 5], [7, 7], [-7, 7], [8, 6], [8, 7],
] as const;

/** Pixels back. */
function distanceOf(code: number, width: number): number {
  const near = NEAREST[code - 1];
  return near ? Math.max(1, near[0] + near[1] * width) : code - NEAREST.length;
}

/** The order in which the lengths of the code of lengths are stored. */
const LENGTHS_ORDER = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] as const;

/**
 * A code takes 4 bits and more in a file and a kilobyte here, and a frame of a few pixels may have 65,536 groups of
 * them. So those that are alike are one.
 */
function codeOf(lengths: Uint8Array, { codes }: Bits): PrefixCode {
  const key = String.fromCharCode(...lengths);
  const code = codes.get(key) ?? new PrefixCode(lengths);
  codes.set(key, code);
  return code;
}

function readPrefixCode(bits: Bits, alphabet: number): PrefixCode {
  if (bits.read(1) === 1) {
    const symbols = bits.read(1) + 1;
    const first = bits.read(bits.read(1) === 1 ? 8 : 1);
    const second = symbols === 2 ? bits.read(8) : first;
    const last = Math.max(first, second);
    if (last >= alphabet) throw damagedZn("expected VP8L symbols of their alphabet");
    const lengths = new Uint8Array(last + 1);
    lengths[first] = lengths[second] = 1;
    return codeOf(lengths, bits);
  }
  const lengths = new Uint8Array(alphabet);
  const ofLengths = new Uint8Array(LENGTHS_ORDER.length);
  const count = bits.read(4) + 4;
  for (let i = 0; i < count; i++) ofLengths[LENGTHS_ORDER[i]!] = bits.read(3);
  const code = codeOf(ofLengths, bits);
  let left = bits.read(1) === 1 ? bits.read(2 + 2 * bits.read(3)) + 2 : alphabet;
  if (left > alphabet) throw damagedZn("expected VP8L symbols of their alphabet");
  let last = 8;
  for (let symbol = 0; symbol < alphabet && left > 0; left--) {
    const length = code.read(bits);
    if (length < 16) {
      lengths[symbol++] = length;
      if (length) last = length;
      continue;
    }
    const times = length === 16 ? 3 + bits.read(2) : length === 17 ? 3 + bits.read(3) : 11 + bits.read(7);
    if (symbol + times > alphabet) throw damagedZn("expected VP8L symbols of their alphabet");
    lengths.fill(length === 16 ? last : 0, symbol, symbol + times);
    symbol += times;
  }
  return codeOf(lengths, bits);
}

/** Bits that are looked up at once, at most. */
const LOOKED_UP = 8;

/** A canonical prefix code of up to 15 bits. */
class PrefixCode {
  /** Symbols by length, then number. */
  readonly #symbols: Uint16Array;
  /** How many symbols there are of each length. */
  readonly #counts = new Uint16Array(16);
  /**
   * Indexed by the next bits, at most 8: symbol · 16 + length, or 0 where the code is longer. It is as small as the
   * code allows, since there may be many codes.
   */
  readonly #table: Uint16Array;
  /** The only symbol, which takes no bits, if there is just one. */
  readonly #only: number | undefined;

  /** @param lengths of each symbol's code, 0 for none. Throws `bad-file` unless they make a whole code. */
  constructor(lengths: Uint8Array) {
    for (const length of lengths) if (length) this.#counts[length]!++;
    const used = Array.from(lengths.keys()).filter((symbol) => lengths[symbol]);
    used.sort((a, b) => lengths[a]! - lengths[b]! || a - b);
    this.#symbols = Uint16Array.from(used);
    const longest = lengths[used.at(-1) ?? 0]!;
    this.#table = new Uint16Array(2 ** Math.min(longest, LOOKED_UP));
    if (used.length === 1) this.#only = used[0]!;
    else if (this.#counts.reduce((sum, count, length) => sum + count * 2 ** (15 - length), 0) !== 2 ** 15)
      throw damagedZn("expected VP8L prefix codes that are whole");
    else this.#fillTable(lengths);
  }

  #fillTable(lengths: Uint8Array): void {
    let [code, before] = [0, 0];
    for (const symbol of this.#symbols) {
      const length = lengths[symbol]!;
      code <<= length - before;
      before = length;
      if (length > LOOKED_UP) return;
      // a code is stored from its most significant bit on, and bits are read from the least
      let reversed = 0;
      for (let i = 0; i < length; i++) reversed |= ((code >> i) & 1) << (length - 1 - i);
      for (let at = reversed; at < this.#table.length; at += 2 ** length)
        this.#table[at] = symbol * 16 + length;
      code++;
    }
  }

  read(bits: Bits): number {
    if (this.#only !== undefined) return this.#only;
    const found = this.#table[bits.peek() & (this.#table.length - 1)]!;
    if (found) {
      bits.skip(found & 15);
      return found >> 4;
    }
    let [code, first, index] = [0, 0, 0];
    for (let length = 1; length < 16; length++) {
      code |= bits.read(1);
      const count = this.#counts[length]!;
      if (code - first < count) return this.#symbols[index + code - first]!;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw damagedZn("expected VP8L prefix codes that are whole");
  }
}

/** Reads bits, the least significant of each byte first. */
class Bits {
  /** The codes read so far, by the lengths of their symbols. */
  readonly codes = new Map<string, PrefixCode>();
  readonly #bytes: Uint8Array;
  /** The next bit. */
  #at: number;

  constructor(bytes: Uint8Array, from: number) {
    this.#bytes = bytes;
    this.#at = from * 8;
  }

  /** Bytes read so far; the last may be read in part. Throws `bad-file` if more were read than there are. */
  get end(): number {
    const bytes = Math.ceil(this.#at / 8);
    if (bytes > this.#bytes.length) throw damagedZn("it ends within its VP8L frame");
    return bytes;
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++)
      value |= ((this.#bytes[this.#at >> 3]! >> (this.#at & 7)) & 1) << i;
    if (this.#at > this.#bytes.length * 8) throw damagedZn("it ends within its VP8L frame");
    return value;
  }

  /** The next 9 bits and more, the lowest first; 0 past the end. */
  peek(): number {
    const [at, shift] = [this.#at >> 3, this.#at & 7];
    return (this.#bytes[at]! | (this.#bytes[at + 1]! << 8)) >> shift;
  }

  skip(count: number): void {
    this.#at += count;
  }
}
