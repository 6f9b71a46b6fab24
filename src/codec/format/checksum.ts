import type { Orientation } from "../orientation.ts";
import type { Header } from "./latents-file.ts";

/**
 * The check byte: FNV-1a of 32 bits (Fowler, Noll and Vo; RFC 9923) over model, quality with grey bit, width and height
 * (two bytes each, low first), orientation and every `y_hat` in 32nds (two bytes each, two's complement, low first, in
 * the order row, column, channel), its four bytes xored into one. It covers what was decoded rather than what was read,
 * so it also tells of a decoder that does not compute the prior exactly. One damaged file in 256 passes it.
 */
export function checkByte(
  { model, quality, grey, width, height }: Header,
  orientation: Orientation,
  yHat: Int16Array,
): number {
  const hash = new Fnv1a();
  hash.byte(model);
  hash.byte((grey ? 128 : 0) | quality);
  hash.pair(width);
  hash.pair(height);
  hash.byte(orientation);
  for (const value of yHat) hash.pair(value);
  return hash.folded();
}

/** The same hash of bytes, folded likewise: the check byte of kinds that hold no latents. */
export function foldedHash(...parts: readonly ArrayLike<number>[]): number {
  const hash = new Fnv1a();
  for (const part of parts) for (let i = 0; i < part.length; i++) hash.byte(part[i]!);
  return hash.folded();
}

class Fnv1a {
  #hash = 0x811c9dc5;

  byte(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value & 0xff), 0x01000193);
  }

  pair(value: number): void {
    this.byte(value);
    this.byte(value >> 8);
  }

  folded(): number {
    const hash = this.#hash;
    return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & 0xff;
  }
}
