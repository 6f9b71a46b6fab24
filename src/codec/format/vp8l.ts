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
 * How many bytes a VP8L frame takes: its prefix codes are read to the last pixel, but no pixel is computed. Decoders
 * ignore bytes after a frame, so nothing else would notice them. The words here are those of RFC 9649, §3:
 *
 * ```
 * header       5 bytes, which are not looked at
 * transforms   each 1, its kind, its size and its image; then 0
 * ARGB image   colour cache, entropy image, prefix code groups, pixels
 * ```
 *
 * The images of transforms and the entropy image are written like the ARGB image, but have one prefix code group.
 * Throws `bad-file` if it is not a whole frame.
 */
export function vp8lLength(frame: Uint8Array, { width, height }: Size): number {
  const bits = new BitReader(frame, HEADER_BYTES);
  const size = { width: readTransforms(bits, width, height), height };
  const cacheSize = readCacheSize(bits);
  readPixels(bits, size, readGroups(bits, size, cacheSize));
  return bits.end;
}

const HEADER_BYTES = 5;
const [PREDICTOR, COLOUR, COLOUR_INDEXING] = [0, 1, 3]; // transform 2, which subtracts green, has no data

/** Reads past the transforms. Gives the width of the ARGB image, of which a pixel may stand for several. */
function readTransforms(bits: BitReader, width: number, height: number): number {
  const seen = new Set<number>();
  let argbWidth = width;
  while (bits.readFlag()) {
    const transform = bits.read(2);
    if (seen.has(transform)) throw damagedZn("expected each VP8L transform once");
    seen.add(transform);
    if (transform === PREDICTOR || transform === COLOUR) {
      const sizeBits = bits.read(3) + 2;
      readImage(bits, { width: blocksOf(argbWidth, sizeBits), height: blocksOf(height, sizeBits) });
    } else if (transform === COLOUR_INDEXING) {
      const colours = bits.read(8) + 1;
      readImage(bits, { width: colours, height: 1 });
      argbWidth = blocksOf(argbWidth, widthBits(colours));
    }
  }
  return argbWidth;
}

/** How many blocks of 2^bits pixels a side has. */
function blocksOf(side: number, bits: number): number {
  return Math.ceil(side / 2 ** bits);
}

/** log₂ of how many indices into a table of so many colours are one pixel. */
function widthBits(colours: number): number {
  return [2, 4, 16].filter((most) => colours <= most).length;
}

/** How many colours the colour cache has; 0 if there is none. */
function readCacheSize(bits: BitReader): number {
  if (!bits.readFlag()) return 0;
  const codeBits = bits.read(4);
  if (codeBits < 1 || codeBits > 11)
    throw damagedZn(`expected a VP8L colour cache of 1–11 bits, got ${codeBits}`);
  return 2 ** codeBits;
}

/** The image of a transform, or the entropy image: its pixels as alpha, red, green and blue. */
function readImage(bits: BitReader, size: Size): Uint32Array {
  const cache = new Uint32Array(readCacheSize(bits));
  const group = readGroup(bits, cache.length);
  const pixels = new Uint32Array(size.width * size.height);
  readPixels(bits, size, () => group, { pixels, cache });
  return pixels;
}

/** A prefix code group: five codes, that of green with lengths and the colour cache. */
type Group = Readonly<Record<"green" | "red" | "blue" | "alpha" | "distance", PrefixCode>>;

/** Symbols of green: 256 literals, 24 lengths, then the colour cache. */
const FIRST_CACHED = 256 + 24;

function readGroup(bits: BitReader, cacheSize: number): Group {
  return {
    green: readPrefixCode(bits, FIRST_CACHED + cacheSize),
    red: readPrefixCode(bits, 256),
    blue: readPrefixCode(bits, 256),
    alpha: readPrefixCode(bits, 256),
    distance: readPrefixCode(bits, 40),
  };
}

/** The group of a pixel, by how many pixels are before it: one for all, or that which the entropy image names. */
type GroupOf = (position: number) => Group;

function readGroups(bits: BitReader, { width, height }: Size, cacheSize: number): GroupOf {
  if (!bits.readFlag()) {
    const group = readGroup(bits, cacheSize);
    return () => group;
  }
  const prefixBits = bits.read(3) + 2;
  const columns = blocksOf(width, prefixBits);
  const entropyImage = readImage(bits, { width: columns, height: blocksOf(height, prefixBits) });
  const metaPrefixCodes = Uint16Array.from(entropyImage, (argb) => argb >>> 8); // red and green
  const count = metaPrefixCodes.reduce((most, code) => Math.max(most, code), 0) + 1;
  const groups = Array.from({ length: count }, () => readGroup(bits, cacheSize));
  return (position) => {
    const [x, y] = [position % width, Math.floor(position / width)];
    return groups[metaPrefixCodes[(y >> prefixBits) * columns + (x >> prefixBits)]!]!;
  };
}

/** Reads all pixels of an image; with `kept`, stores them and the colour cache that they need. */
function readPixels(
  bits: BitReader,
  { width, height }: Size,
  groupOf: GroupOf,
  kept?: { readonly pixels: Uint32Array; readonly cache: Uint32Array },
): void {
  const keep = (position: number, argb: number): void => {
    if (!kept) return;
    kept.pixels[position] = argb;
    kept.cache[Math.imul(argb, 0x1e35a7bd) >>> (32 - Math.log2(kept.cache.length))] = argb;
  };
  const count = width * height;
  let position = 0;
  while (position < count) {
    const { green, red, blue, alpha, distance } = groupOf(position);
    const symbol = green.read(bits);
    if (symbol < 256) {
      const [r, b, a] = [red.read(bits), blue.read(bits), alpha.read(bits)];
      keep(position++, ((a << 24) | (r << 16) | (symbol << 8) | b) >>> 0);
    } else if (symbol < FIRST_CACHED) {
      const end = position + readLz77(bits, symbol - 256);
      const back = distanceOf(readLz77(bits, distance.read(bits)), width);
      if (back > position || end > count) throw damagedZn("expected VP8L copies from within the frame");
      for (; position < end; position++) keep(position, kept?.pixels[position - back] ?? 0);
    } else {
      keep(position++, kept?.cache[symbol - FIRST_CACHED] ?? 0);
    }
  }
}

/** A length, or a distance code, from its prefix and the extra bits that the prefix asks for. */
function readLz77(bits: BitReader, prefix: number): number {
  if (prefix < 4) return prefix + 1;
  const extraBits = (prefix - 2) >> 1;
  const offset = (2 + (prefix & 1)) * 2 ** extraBits;
  return offset + bits.read(extraBits) + 1;
}

/**
 * What distance codes from 1 on mean: columns to the left and rows up. They are the 120 pixels in the 8 rows from that
 * of a pixel on, at most 8 columns to the left and 7 to the right of it, that come before it: the nearest first, of
 * those as near the one in the nearest column, and left before right.
 */
export const DISTANCE_MAP = Array.from({ length: 16 * 8 }, (_, i) => ({ left: (i % 16) - 7, up: i >> 4 }))
  .filter(({ left, up }) => up > 0 || left > 0)
  .map((at) => ({ ...at, square: at.left ** 2 + at.up ** 2 }))
  .sort((a, b) => a.square - b.square || Math.abs(a.left) - Math.abs(b.left) || b.left - a.left);

/** How many pixels back a distance code means. */
function distanceOf(code: number, width: number): number {
  const near = DISTANCE_MAP[code - 1];
  return near ? Math.max(1, near.left + near.up * width) : code - DISTANCE_MAP.length;
}

function readPrefixCode(bits: BitReader, alphabet: number): PrefixCode {
  const lengths = bits.readFlag() ? readSimpleLengths(bits) : readNormalLengths(bits, alphabet);
  if (!lengths || lengths.length > alphabet) throw damagedZn("expected VP8L symbols of their alphabet");
  return prefixCodeOf(lengths, bits);
}

/** A simple code length code: one symbol or two, of one bit each. */
function readSimpleLengths(bits: BitReader): Uint8Array {
  const hasTwo = bits.readFlag();
  const first = bits.read(bits.readFlag() ? 8 : 1);
  const second = hasTwo ? bits.read(8) : first;
  const lengths = new Uint8Array(Math.max(first, second) + 1);
  lengths[first] = lengths[second] = 1;
  return lengths;
}

/** The order in which the lengths of the code length code are stored. */
const CODE_LENGTH_CODE_ORDER = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] as const;

/** A normal code length code: lengths that are symbols of another code. Undefined if they are too many. */
function readNormalLengths(bits: BitReader, alphabet: number): Uint8Array | undefined {
  const ofLengths = new Uint8Array(CODE_LENGTH_CODE_ORDER.length);
  const count = bits.read(4) + 4;
  for (let i = 0; i < count; i++) ofLengths[CODE_LENGTH_CODE_ORDER[i]!] = bits.read(3);
  const code = prefixCodeOf(ofLengths, bits);
  const lengths = new Uint8Array(alphabet);
  const maxSymbol = bits.readFlag() ? bits.read(2 + 2 * bits.read(3)) + 2 : alphabet;
  if (maxSymbol > alphabet) return undefined;
  let lastLength = 8; // that is not 0
  let symbol = 0;
  for (let i = 0; i < maxSymbol && symbol < alphabet; i++) {
    const length = code.read(bits);
    if (length < 16) {
      lengths[symbol++] = length;
      if (length > 0) lastLength = length;
    } else {
      const end = symbol + readTimes(bits, length);
      lengths.fill(length === 16 ? lastLength : 0, symbol, end);
      symbol = end;
    }
  }
  return symbol > alphabet ? undefined : lengths;
}

/** How many times a length is repeated: 16 repeats the last one, 17 and 18 repeat 0. */
function readTimes(bits: BitReader, symbol: number): number {
  if (symbol === 16) return 3 + bits.read(2);
  return symbol === 17 ? 3 + bits.read(3) : 11 + bits.read(7);
}

/**
 * A code takes 4 bits and more in a file and a kilobyte here, and a frame of a few pixels may have 65,536 groups of
 * them. So those that are alike are one.
 */
function prefixCodeOf(lengths: Uint8Array, { codes }: BitReader): PrefixCode {
  const key = String.fromCharCode(...lengths);
  const code = codes.get(key) ?? new PrefixCode(lengths);
  codes.set(key, code);
  return code;
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

  read(bits: BitReader): number {
    if (this.#only !== undefined) return this.#only;
    const found = this.#table[bits.peek() & (this.#table.length - 1)]!;
    if (found) {
      bits.skip(found & 15);
      return found >> 4;
    }
    let [code, firstCode, firstIndex] = [0, 0, 0]; // of the codes of a length
    for (let length = 1; length < 16; length++) {
      code = (code << 1) | bits.read(1);
      const count = this.#counts[length]!;
      if (code - firstCode < count) return this.#symbols[firstIndex + code - firstCode]!;
      firstIndex += count;
      firstCode = (firstCode + count) << 1;
    }
    throw damagedZn("expected VP8L prefix codes that are whole");
  }
}

/** Reads bits, the least significant of each byte first. */
class BitReader {
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

  readFlag(): boolean {
    return this.read(1) === 1;
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
