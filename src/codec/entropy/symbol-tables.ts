import { ZippyNetError } from "../errors.ts";
import { damagedZn } from "../format/bytes.ts";
import { type RangeDecoder, type RangeEncoder, TOTAL } from "./range-coder.ts";

/** Number of scales, each with a CDF of its own. */
export const SCALES = 64;
/**
 * Largest magnitude of a symbol: with the largest mean, `y_hat` fits into 16 bits. A file that codes a larger one is
 * illegal.
 */
export const MAX_SYMBOL = 895;
/** A table with all symbols, and the escape. */
const MAX_ENTRIES = 2 * MAX_SYMBOL + 2;

/**
 * Static frequencies of the symbols −K…K and, last, of the escape, for each scale; K differs by scale.
 *
 * A symbol n outside −K…K is coded as escape, then sign (1 = negative), then |n| − K in Elias's gamma code (Elias
 * 1975) from bits of probability ½.
 */
export class SymbolTables {
  readonly #tables: readonly Table[];

  /**
   * Frequencies of each scale; throws `bad-model` unless each has an even length of 2–1792, no zero, and sums to 65536.
   */
  constructor(frequencies: readonly Uint16Array[]) {
    if (frequencies.length !== SCALES) {
      throw new ZippyNetError("bad-model", `expected ${SCALES} tables, got ${frequencies.length}`);
    }
    this.#tables = frequencies.map((row, index) => new Table(row, index));
  }

  encode(coder: RangeEncoder, scale: number, symbol: number): void {
    const table = this.#tables[scale]!;
    const index = table.indexOf(symbol);
    coder.encode(table.cum[index]!, table.frequency(index));
    if (index !== table.escape) return;
    coder.encodeBit(symbol < 0 ? 1 : 0);
    const excess = Math.abs(symbol) - table.half;
    const bits = 31 - Math.clz32(excess);
    for (let i = 0; i < bits; i++) coder.encodeBit(0);
    for (let i = bits; i >= 0; i--) coder.encodeBit((excess >>> i) & 1);
  }

  decode(coder: RangeDecoder, scale: number): number {
    const table = this.#tables[scale]!;
    const index = table.find(coder.peek());
    coder.consume(table.cum[index]!, table.frequency(index));
    if (index !== table.escape) return index - table.half;
    const negative = coder.decodeBit() === 1;
    let bits = 0;
    while (bits < 10 && coder.decodeBit() === 0) bits++; // 2¹⁰ is beyond any symbol
    let excess = 1;
    for (let i = 0; i < bits; i++) excess = excess * 2 + coder.decodeBit();
    const magnitude = excess + table.half;
    if (magnitude > MAX_SYMBOL) throw damagedZn(`expected symbols within ±${MAX_SYMBOL}, got a larger one`);
    return negative ? -magnitude : magnitude;
  }

  /** Bits that `encode` spends, to within the coder's rounding. */
  cost(scale: number, symbol: number): number {
    const table = this.#tables[scale]!;
    const index = table.indexOf(symbol);
    const bits = table.bits[index]!;
    if (index !== table.escape) return bits;
    return bits + 2 + 2 * (31 - Math.clz32(Math.abs(symbol) - table.half));
  }
}

/** The frequencies of one scale: of the symbols −K…K, then of the escape. */
class Table {
  /** K. */
  readonly half: number;
  /** Index of the escape. */
  readonly escape: number;
  /** Cumulative frequencies, one more than symbols; the last is 65536. */
  readonly cum: Uint32Array;
  readonly bits: Float64Array;
  /** First symbol whose interval reaches into each 256th of the total, to start the search from. */
  readonly #start: Uint16Array;

  constructor(frequencies: Uint16Array, scale: number) {
    const { length } = frequencies;
    if (length < 2 || length % 2 !== 0 || length > MAX_ENTRIES) {
      throw new ZippyNetError(
        "bad-model",
        `table ${scale}: expected an even number of entries, 2–${MAX_ENTRIES}, got ${length}`,
      );
    }
    this.escape = length - 1;
    this.half = (length - 2) / 2;
    this.cum = new Uint32Array(length + 1);
    this.bits = new Float64Array(length);
    frequencies.forEach((frequency, i) => {
      if (frequency === 0) throw new ZippyNetError("bad-model", `table ${scale}: entry ${i} is zero`);
      this.cum[i + 1] = this.cum[i]! + frequency;
      this.bits[i] = -Math.log2(frequency / TOTAL);
    });
    if (this.cum[length] !== TOTAL) {
      throw new ZippyNetError(
        "bad-model",
        `table ${scale}: expected a sum of ${TOTAL}, got ${this.cum[length]}`,
      );
    }
    this.#start = new Uint16Array(256);
    for (let i = 0, index = 0; i < 256; i++) {
      while (this.cum[index + 1]! <= i * 256) index++;
      this.#start[i] = index;
    }
  }

  /** Index of a symbol, or of the escape if it is outside −K…K. */
  indexOf(symbol: number): number {
    return Math.abs(symbol) <= this.half ? symbol + this.half : this.escape;
  }

  frequency(index: number): number {
    return this.cum[index + 1]! - this.cum[index]!;
  }

  /** Index of the symbol that owns a share of the total, 0–65535. */
  find(share: number): number {
    let index = this.#start[share >>> 8]!;
    while (this.cum[index + 1]! <= share) index++;
    return index;
  }
}
