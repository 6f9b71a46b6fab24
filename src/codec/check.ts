import type { Header } from "./container.ts";

/**
 * The check byte: FNV-1a of 32 bits (Fowler, Noll and Vo; RFC 9923) over model, quality with grey bit, width and height (two bytes
 * each, low first) and every `y_hat` in eighths (two bytes each, two's complement, low first, in the order row,
 * column, channel), its four bytes xored into one. It covers what was decoded rather than what was read, so it also tells
 * of a decoder that does not compute the prior exactly. One damaged file in 256 passes it.
 */
export function checkByte(
  { model, quality, grey, width, height }: Header,
  yHat: Int16Array,
  from: number,
  to: number,
): number {
  let hash = 0x811c9dc5;
  const byte = (value: number) => {
    hash = Math.imul(hash ^ (value & 0xff), 0x01000193);
  };
  const pair = (value: number) => {
    byte(value);
    byte(value >> 8);
  };
  byte(model);
  byte((grey ? 128 : 0) | quality);
  pair(width);
  pair(height);
  for (let i = from; i < to; i++) pair(yHat[i]!);
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & 0xff;
}
