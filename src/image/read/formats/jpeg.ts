import {
  assertSizeWithin,
  damaged,
  END_MISSING,
  type Outline,
  startOfZeros,
  unsupported,
} from "../outline.ts";
import { type Frame, type Scan, segmentsOf } from "./jpeg-segments.ts";

/**
 * Checks whether a JPEG has all its pixels, and adds its end mark if only that is missing. Throws `bad-image` for kinds
 * that are not read here, and names them, and for files that lack pixels.
 * @param codes of a JPEG like this one, which are used again
 */
export function outlineJpeg(file: Uint8Array, maxPixels: number, codes: CodesInUse = new Map()): Outline {
  const { frame, scans, profile, ended, end } = segmentsOf(file);
  // libvips would take a picture with a gain map behind its end (Ultra HDR) to a decoder that passes over damage
  const bytes = ended ? file.subarray(0, end + 2) : file;
  if (!ended && scans.length === 0) throw damaged("image/jpeg", "it ends before its pixels");
  if (!frame) return { bytes, notes: [] };
  assertReadable(frame);
  assertSizeWithin(frame.width, frame.height, maxPixels);
  if (scans.length === 0) return { bytes, notes: [] };
  const lacks = missingDetail(frame, scans);
  if (lacks && !ended)
    throw damaged("image/jpeg", `it ends too soon, after ${scans.length} scans: ${lacks} is not there`);
  const rows = rowsThere(bytes, frame, scans, codes);
  if (rows !== undefined && rows < frame.height)
    throw damaged("image/jpeg", `its pixels end too soon, ${rows} of its ${frame.height} rows are there`);
  // libjpeg would take zeros that fill up the file for pixels; without them it reports what is missing
  const filled = end - startOfZeros(bytes, end) >= ZEROS_OF_SCANS;
  const kept = rows === undefined && filled ? startOfZeros(bytes, end) + 1 : end;
  return {
    bytes: ended ? bytes : Buffer.concat([bytes.subarray(0, kept), Uint8Array.of(0xff, 0xd9)]),
    ...(profile && { profile }),
    ...(rows === undefined && {
      fatal: LOST,
      missing: `its pixels end too soon, within scan ${scans.length}`,
    }),
    notes: [...(lacks ? [`it has no scan for ${lacks}`] : []), ...(ended ? [] : [END_MISSING])],
  };
}

/**
 * Downloads that are cut often have their full length, filled up with zeros. So many zeros are no data at the end of a
 * scan that is not baseline: encoders pad with ones, and flat areas take runs that are counted.
 */
const ZEROS_OF_SCANS = 64;

/** What libjpeg says if pixels are missing or make no sense. Its other warnings are harmless. */
export const LOST = /corrupt jpeg data(?!: \d+ extraneous)|premature end/i;

function assertReadable({ kind, precision, height, count }: Frame): void {
  const remedy = "save it as a baseline or progressive JPEG of 8 bits a sample first";
  if (kind === 0xf7) throw unsupported("JPEG-LS", "convert it to PNG first");
  if (precision !== 8) throw unsupported(`a JPEG of ${precision} bits a sample`, remedy);
  if ((kind >= 0xc5 && kind <= 0xc7) || kind >= 0xcd) throw unsupported("a hierarchical JPEG", remedy);
  if (kind === 0xcb) throw unsupported("a lossless JPEG with arithmetic coding", remedy);
  // libvips would take two for grey and alpha, and give three bytes for them
  if (![1, 3, 4].includes(count)) throw unsupported(`a JPEG of ${count} components`, remedy);
  if (height === 0) throw unsupported("a JPEG that states its height only after its pixels", remedy);
}

/**
 * Says what no scan brings; `undefined` if everything is there. Each coefficient of each component has to be refined to
 * its last bit.
 */
function missingDetail({ kind, components }: Frame, scans: readonly Scan[]): string | undefined {
  const progressive = kind === 0xc2 || kind === 0xca;
  for (const [i, { id }] of components.entries()) {
    const own = scans.filter((scan) => scan.components.some((component) => component.id === id));
    const plane = components.length === 1 ? "grey" : `component ${i + 1} of ${components.length}`;
    if (own.length === 0) return plane;
    if (!progressive) continue;
    const bits = new Uint8Array(64).fill(16);
    for (const { from, to, bit } of own) bits.fill(bit, from, to + 1);
    if (bits.some((bit) => bit > 0)) return `the finest detail of ${plane}`;
  }
  return undefined;
}

/**
 * Counts the rows of pixels for which a baseline JPEG has data. It reads the Huffman codes without decoding a pixel
 * (ITU-T T.81, annex F.2), because libjpeg fills missing data with grey and does not always report it. `undefined` for
 * kinds that are coded in another way.
 */
function rowsThere(
  bytes: Uint8Array,
  frame: Frame,
  scans: readonly Scan[],
  last: CodesInUse,
): number | undefined {
  if (frame.kind !== 0xc0 && frame.kind !== 0xc1) return undefined;
  let rows = frame.height;
  for (const scan of scans) {
    const units = unitsOf(frame, scan);
    const ids = units?.blocks.flatMap(({ dc, ac }) => [dc, 16 + ac]);
    if (!units || !ids!.every((id) => scan.tables.has(id))) return undefined;
    for (const id of ids!) {
      const table = scan.tables.get(id)!;
      const known = last.get(id)?.table;
      if (!known || Buffer.compare(known, table) !== 0) last.set(id, { table, codes: codesOf(table) });
    }
    const there = unitsThere(bytes, scan, units, (id) => last.get(id)!.codes);
    if (there < units.total) rows = Math.min(rows, Math.floor(there / units.acrossPicture) * units.rows);
  }
  return rows;
}

/** The minimum coded units of a scan. */
interface Units {
  readonly acrossPicture: number;
  readonly total: number;
  /** Rows of pixels in a unit. */
  readonly rows: number;
  /** For each block of a unit: the numbers of its tables. */
  readonly blocks: readonly { readonly dc: number; readonly ac: number }[];
}

function unitsOf({ width, height, components }: Frame, scan: Scan): Units | undefined {
  const across = Math.max(...components.map((component) => component.across));
  const down = Math.max(...components.map((component) => component.down));
  const own = scan.components.map((coded) => ({
    coded,
    frame: components.find(({ id }) => id === coded.id),
  }));
  const [first] = own;
  if (!first || own.some(({ frame }) => !frame?.across || !frame.down)) return undefined;
  if (own.length > 1) {
    const blocks = own.flatMap(({ coded, frame }) =>
      Array.from({ length: frame!.across * frame!.down }, () => coded),
    );
    const acrossPicture = Math.ceil(width / (8 * across));
    return { acrossPicture, total: acrossPicture * Math.ceil(height / (8 * down)), rows: 8 * down, blocks };
  }
  // a scan of one component codes single blocks, without those that only fill up a unit
  const { frame, coded } = first;
  const acrossPicture = Math.ceil(Math.ceil((width * frame!.across) / across) / 8);
  const total = acrossPicture * Math.ceil(Math.ceil((height * frame!.down) / down) / 8);
  return { acrossPicture, total, rows: (8 * down) / frame!.down, blocks: [coded] };
}

/**
 * The whole units of a scan. Zeros at its end may be flat blocks, or fill up a file that was cut. They are blocks if
 * they are used up exactly.
 */
function unitsThere(
  bytes: Uint8Array,
  { start, end, restart }: Scan,
  units: Units,
  codes: CodesById,
): number {
  const zeros = startOfZeros(bytes, end);
  const all = walk(new Bits(bytes, start, end), restart, units, codes);
  const used = all.there === units.total && (all.end <= zeros + 1 || all.end === end);
  if (used || zeros + 1 >= end) return all.there;
  return walk(new Bits(bytes, start, Math.max(start, zeros + 1)), restart, units, codes).there;
}

/** Counts whole units until the data ends or makes no sense, and says where the last one ends. */
function walk(
  bits: Bits,
  restart: number,
  { total, blocks }: Units,
  codes: CodesById,
): { readonly there: number; readonly end: number } {
  const tables = blocks.map(({ dc, ac }) => [codes(dc), codes(16 + ac)] as const);
  for (let unit = 0; unit < total; unit++) {
    if (restart > 0 && unit > 0 && unit % restart === 0) bits.restart();
    for (const [dc, ac] of tables) if (!skipBlock(bits, dc, ac)) return { there: unit, end: bits.position };
  }
  return { there: total, end: bits.position };
}

function skipBlock(bits: Bits, dc: Codes, ac: Codes): boolean {
  const size = bits.symbol(dc);
  if (size < 0 || !bits.skip(size)) return false;
  for (let k = 1; k < 64; k++) {
    const symbol = bits.symbol(ac);
    if (symbol < 0 || !bits.skip(symbol & 15)) return false;
    if (symbol === 0) break;
    k += symbol >> 4;
  }
  return true;
}

/**
 * Indexed by the next 16 bits: the length of the code that they begin with, times 256, plus its symbol; 0 if there is
 * no such code (C.2).
 */
type Codes = Uint16Array;

/** The last codes of each class and number, for other parts of the same file. */
export type CodesInUse = Map<number, { readonly table: Uint8Array; readonly codes: Codes }>;

/** By class (16 for AC) plus number. */
type CodesById = (id: number) => Codes;

/** @param table its 16 numbers of codes, and its symbols */
function codesOf(table: Uint8Array): Codes {
  const codes: Codes = new Uint16Array(65536);
  let symbol = 16;
  let code = 0;
  for (let length = 1; length <= 16; length++, code *= 2) {
    for (let i = 0; i < table[length - 1]!; i++, code++) {
      const first = code << (16 - length);
      codes.fill(length * 256 + (table[symbol++] ?? 0), first, first + (1 << (16 - length)));
    }
  }
  return codes;
}

/** Reads the bits of coded data up to the next marker, without stuffed zeros. */
class Bits {
  private readonly bytes: Uint8Array;
  private readonly end: number;
  private at: number;
  private held = 0;
  private count = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  private fill(): void {
    while (this.count <= 16 && this.at < this.end) {
      const byte = this.bytes[this.at]!;
      if (byte === 0xff && this.bytes[this.at + 1] !== 0) return;
      this.at += byte === 0xff ? 2 : 1;
      this.held = ((this.held << 8) | byte) & 0xffffff;
      this.count += 8;
    }
  }

  /** The first byte of which nothing is used. */
  get position(): number {
    return this.at - (this.count >> 3);
  }

  /** −1 if there is none. */
  symbol(codes: Codes): number {
    this.fill();
    const next = this.count >= 16 ? this.held >>> (this.count - 16) : this.held << (16 - this.count);
    const entry = codes[next & 0xffff]!;
    return entry > 0 && this.take(entry >> 8) ? entry & 255 : -1;
  }

  skip(count: number): boolean {
    this.fill();
    return this.take(count);
  }

  private take(count: number): boolean {
    if (count > this.count) return false;
    this.count -= count;
    this.held &= (1 << this.count) - 1;
    return true;
  }

  /** Goes to the byte after the next restart marker. */
  restart(): void {
    this.held = 0;
    this.count = 0;
    while (
      this.at + 1 < this.end &&
      !(this.bytes[this.at] === 0xff && (this.bytes[this.at + 1]! & 0xf8) === 0xd0)
    )
      this.at++;
    this.at += 2;
  }
}
