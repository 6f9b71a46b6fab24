import { damagedZn } from "../format/bytes.ts";

/**
 * A 32-bit range coder (G. N. N. Martin, 1979; Subbotin's and LZMA's form of it) over static CDFs of 16 bits.
 *
 * State: an interval [low, low + range) of 32-bit fractions. Coding a symbol that owns [cum, cum + freq) of 65536
 * keeps that share of it. The last symbol of an alphabet (cum + freq = 65536) also gets what the division leaves over,
 * so nothing is lost.
 *
 * Invariant, before and after each symbol: 2²⁴ ≤ range < 2³². So r = range >> 16 is at least 256, and no symbol with
 * freq ≥ 1 gets an empty interval: range after coding ≥ r ≥ 256 > 0, and renormalisation (a byte out, range · 256)
 * restores the invariant in at most two steps.
 *
 * JavaScript's numbers are doubles: sums here stay below 2³³ and products below 2³², exact; `>>> 0` marks the places
 * where a value must be an unsigned 32-bit integer.
 */
const TOTAL_BITS = 16;
export const TOTAL = 1 << TOTAL_BITS;
const MIN_RANGE = 2 ** 24;
const FULL = 2 ** 32;

export class RangeEncoder {
  #low = 0;
  #range = FULL - 1;
  #bytes: number[] = [];

  /** Codes the symbol that owns [cum, cum + freq) of 65536; freq ≥ 1. */
  encode(cum: number, freq: number): void {
    const r = this.#range >>> TOTAL_BITS;
    this.#low += r * cum;
    this.#range = cum + freq === TOTAL ? this.#range - r * cum : r * freq;
    if (this.#low >= FULL) {
      this.#low -= FULL;
      this.#carry();
    }
    while (this.#range < MIN_RANGE) {
      this.#bytes.push(this.#low >>> 24);
      this.#low = (this.#low << 8) >>> 0;
      this.#range = (this.#range << 8) >>> 0;
    }
  }

  /** One bit of probability ½. */
  encodeBit(bit: number): void {
    this.encode(bit * (TOTAL / 2), TOTAL / 2);
  }

  /**
   * The shortest bytes that decode to what was coded, the decoder reading zeros past their end.
   *
   * Every value in [low, low + range) decodes alike: take the one with the most zero bytes at its end, and leave
   * those out, with the zero bytes before them.
   */
  finish(): Uint8Array {
    const last = this.#low + this.#range - 1;
    for (let kept = 0; kept <= 4; kept++) {
      const step = 2 ** (32 - 8 * kept);
      const value = Math.ceil(this.#low / step) * step;
      if (value > last) continue;
      if (value >= FULL) this.#carry();
      for (let i = 0; i < kept; i++) this.#bytes.push(Math.floor(value / 2 ** (24 - 8 * i)) & 0xff);
      break;
    }
    let length = this.#bytes.length;
    while (length > 0 && this.#bytes[length - 1] === 0) length--;
    return Uint8Array.from(this.#bytes.slice(0, length));
  }

  /** Adds one to the bytes written so far; the total code stays below 1, so it never runs over the first. */
  #carry(): void {
    let i = this.#bytes.length - 1;
    while (this.#bytes[i] === 0xff) this.#bytes[i--] = 0;
    this.#bytes[i]!++;
  }
}

export class RangeDecoder {
  readonly #bytes: Uint8Array;
  #position = 0;
  #range = FULL - 1;
  /** The code value minus the interval's low: 0 ≤ code < range, else the bytes are not a code. */
  #code = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#next()) >>> 0;
    if (this.#code >= this.#range) throw damagedZn("it starts outside the coder's interval");
  }

  /** The share, 0–65535, in which the next symbol lies; follow with `consume`. */
  peek(): number {
    return Math.min(TOTAL - 1, Math.floor(this.#code / (this.#range >>> TOTAL_BITS)));
  }

  consume(cum: number, freq: number): void {
    const r = this.#range >>> TOTAL_BITS;
    this.#code -= r * cum;
    this.#range = cum + freq === TOTAL ? this.#range - r * cum : r * freq;
    while (this.#range < MIN_RANGE) {
      this.#code = ((this.#code << 8) | this.#next()) >>> 0;
      this.#range = (this.#range << 8) >>> 0;
    }
  }

  decodeBit(): number {
    const bit = this.peek() >>> (TOTAL_BITS - 1);
    this.consume(bit * (TOTAL / 2), TOTAL / 2);
    return bit;
  }

  /** The verdict at the end: throws `bad-file` if bytes are left, or the last one is a zero that no encoder writes. */
  finish(): void {
    const { length } = this.#bytes;
    if (length > this.#position) {
      throw damagedZn(`expected at most ${this.#position} bytes of payload, got ${length}`);
    }
    if (length > 0 && this.#bytes[length - 1] === 0) throw damagedZn("the payload ends with a zero byte");
  }

  #next(): number {
    const byte = this.#position < this.#bytes.length ? this.#bytes[this.#position]! : 0;
    this.#position++;
    return byte;
  }
}
