import { assertParts } from "../outline.ts";

interface Entry {
  /** Bytes of a value. */
  readonly size: number;
  readonly count: number;
  /** The offset of the first value. */
  readonly at: number;
}

/** Bytes of a whole number, by the type of its entry: BYTE, ASCII, SHORT, LONG, UNDEFINED, IFD and LONG8. */
const SIZES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8 };

/**
 * The first directory of a TIFF, a BigTIFF or EXIF data, in either byte order (TIFF 6.0, section 2), or one that
 * another points to. Values beyond the end of the file are left out.
 */
export class Directory {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly little: boolean;
  private readonly entries = new Map<number, Entry>();
  /** Where the offset of the next directory is. */
  private next = { at: 0, size: 0 };
  /** Whether all its entries are there. */
  readonly whole: boolean = true;

  /** @param start of the directory; by default that of the first */
  constructor(bytes: Uint8Array, start?: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.little = bytes[0] === 0x49;
    try {
      this.read(start);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.whole = false;
    }
  }

  private read(own?: number): void {
    const big = this.number(2, 2) === 43;
    const offsetSize = big ? 8 : 4;
    const start = own ?? this.number(big ? 8 : 4, offsetSize);
    const count = this.number(start, big ? 8 : 2);
    const length = 4 + 2 * offsetSize;
    const first = start + (big ? 8 : 2);
    this.next = { at: first + length * count, size: offsetSize };
    for (let i = 0, at = first; i < Math.min(4096, count); i++, at += length) {
      const size = SIZES[this.number(at + 2, 2)] ?? 0;
      const many = this.number(at + 4, offsetSize);
      const inside = at + 4 + offsetSize;
      const from = size * many <= offsetSize ? inside : this.number(inside, offsetSize);
      const there = from + size * many <= this.bytes.length;
      this.entries.set(this.number(at, 2), { size, count: there ? many : 0, at: from });
    }
  }

  /**
   * Follows the chain of directories of a TIFF: how many there are, and whether it leads to its end. Throws
   * `too-large`. Not for EXIF data: only their first directory counts, and where a chain leads back to itself nobody
   * follows it.
   */
  pages(): { readonly count: number; readonly whole: boolean } {
    const big = this.number(2, 2) === 43;
    const [countSize, entrySize, offsetSize] = big ? [8, 20, 8] : [2, 12, 4];
    let at = this.number(big ? 8 : 4, offsetSize);
    let count = 0;
    for (; at > 0; count++) {
      assertParts(count);
      const entries = at + countSize <= this.bytes.length ? this.number(at, countSize) : 0;
      const next = at + countSize + entrySize * entries;
      if (entries === 0 || next + offsetSize > this.bytes.length)
        return { count: Math.max(1, count), whole: false };
      at = this.number(next, offsetSize);
    }
    return { count, whole: true };
  }

  private number(at: number, size: number): number {
    if (size === 1) return this.view.getUint8(at);
    if (size === 2) return this.view.getUint16(at, this.little);
    return size === 4
      ? this.view.getUint32(at, this.little)
      : Number(this.view.getBigUint64(at, this.little));
  }

  get size(): number {
    return this.entries.size;
  }

  has(tag: number): boolean {
    return this.entries.has(tag);
  }

  /** Whether a tag is there and its values are beyond the end of the file. */
  isCut(tag: number): boolean {
    return this.entries.get(tag)?.count === 0;
  }

  /** The whole numbers of a tag, at most `most` of them. */
  numbers(tag: number, most = 64): number[] {
    const entry = this.entries.get(tag);
    if (!entry || entry.size === 0) return [];
    return Array.from({ length: Math.min(most, entry.count) }, (_, i) =>
      this.number(entry.at + i * entry.size, entry.size),
    );
  }

  /** The places of its strips or tiles. */
  parts(): readonly { readonly from: number; readonly length: number }[] {
    const list = (strips: number, tiles: number): number[] =>
      this.numbers(this.has(strips) ? strips : tiles, 65_536);
    const counts = list(279, 325);
    return list(273, 324).map((from, i) => ({ from, length: counts[i] ?? 0 }));
  }

  /** The bytes of a tag. */
  data(tag: number): Uint8Array {
    const { at, size, count } = this.entries.get(tag) ?? { at: 0, size: 0, count: 0 };
    return this.bytes.subarray(at, at + size * count);
  }

  /** A copy of the file that ends with this directory, in which some tags have other values. */
  with(...changes: readonly (readonly [tag: number, value: number])[]): Uint8Array {
    const copy = Uint8Array.from(this.bytes);
    copy.fill(0, this.next.at, this.next.at + this.next.size);
    const view = new DataView(copy.buffer);
    for (const [tag, value] of changes) {
      const { at, size, count } = this.entries.get(tag) ?? { at: 0, size: 0, count: 0 };
      for (let i = 0, to = at; i < count; i++, to += size) {
        if (size === 1) view.setUint8(to, value);
        else if (size === 2) view.setUint16(to, value, this.little);
        else if (size === 4) view.setUint32(to, value, this.little);
        else if (size === 8) view.setBigUint64(to, BigInt(value), this.little);
      }
    }
    return copy;
  }
}
