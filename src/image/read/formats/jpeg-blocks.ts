import type { Frame, Scan } from "./jpeg.ts";

/**
 * Counts the rows of pixels for which a baseline JPEG has data. It reads the Huffman codes without decoding a pixel
 * (ITU-T T.81, annex F.2), because libjpeg fills missing data with grey and does not always report it. `undefined` for
 * kinds that are coded in another way.
 */
export function rowsThere(bytes: Uint8Array, frame: Frame, scans: readonly Scan[]): number | undefined {
  if (frame.kind !== 0xc0 && frame.kind !== 0xc1) return undefined;
  let rows = frame.height;
  for (const scan of scans) {
    const units = unitsOf(frame, scan);
    const codes = codesOf(scan.tables);
    const known = units?.blocks.every(({ dc, ac }) => codes.has(dc) && codes.has(16 + ac));
    if (!units || !known) return undefined;
    const there = walk(new Bits(bytes, scan.start, scan.end), scan.restart, units, codes);
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

/** Counts whole units until the data ends or makes no sense. */
function walk(
  bits: Bits,
  restart: number,
  { total, blocks }: Units,
  codes: ReadonlyMap<number, Codes>,
): number {
  const tables = blocks.map(({ dc, ac }) => [codes.get(dc)!, codes.get(16 + ac)!] as const);
  for (let unit = 0; unit < total; unit++) {
    if (restart > 0 && unit > 0 && unit % restart === 0) bits.restart();
    for (const [dc, ac] of tables) if (!skipBlock(bits, dc, ac)) return unit;
  }
  return total;
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

/** Indexed by class (16 for AC) plus number. A later definition replaces an earlier one. */
function codesOf(definitions: readonly Uint8Array[]): Map<number, Codes> {
  const all = new Map<number, Codes>();
  for (const definition of definitions) {
    for (let at = 0; at + 17 <= definition.length; ) {
      const codes = new Uint16Array(65536);
      let symbol = at + 17;
      let code = 0;
      for (let length = 1; length <= 16; length++, code *= 2) {
        for (let i = 0; i < definition[at + length]!; i++, code++) {
          const first = code << (16 - length);
          codes.fill(length * 256 + (definition[symbol++] ?? 0), first, first + (1 << (16 - length)));
        }
      }
      all.set(definition[at]!, codes);
      at = symbol;
    }
  }
  return all;
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
