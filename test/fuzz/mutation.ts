import { crc32 } from "node:zlib";
import fc from "fast-check";

/** Alters a file; `other` is another whole one. */
export type Mutation = (file: Uint8Array, other: Uint8Array) => Uint8Array;

const place = fc.nat(2 ** 30);
/** Small and large lengths, both often. */
const length = fc.oneof(fc.nat(8), fc.nat(64), fc.nat(4096));
/** Numbers at which sizes, signs and offsets go wrong. */
const telling = fc.constantFrom(
  0,
  1,
  2,
  7,
  8,
  16,
  127,
  128,
  255,
  256,
  1023,
  1025,
  32767,
  32768,
  65535,
  65536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
);

/** Headers are short, and most of what can go wrong stands in them: every other place is among the first bytes. */
function at(file: Uint8Array, place: number): number {
  const whole = file.length + 1;
  return place % 2 === 0 ? (place >> 1) % Math.min(whole, 512) : (place >> 1) % whole;
}

function spliced(file: Uint8Array, from: number, remove: number, insert: Uint8Array): Uint8Array {
  return Buffer.concat([file.subarray(0, from), insert, file.subarray(from + remove)]);
}

function number(value: number, size: number, little: boolean): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  const own = bytes.subarray(4 - size);
  return little ? own.reverse() : own;
}

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.nat(7)).map(
    ([p, bit]): Mutation =>
      (file) => {
        const from = at(file, p);
        return spliced(file, from, 1, Uint8Array.of((file[from] ?? 0) ^ (1 << bit)));
      },
  ),
  fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 8 })).map(
    ([p, bytes]): Mutation =>
      (file) => {
        return spliced(file, at(file, p), bytes.length, bytes);
      },
  ),
  fc.tuple(place, telling, fc.constantFrom(1, 2, 4), fc.boolean()).map(
    ([p, value, size, little]): Mutation =>
      (file) => {
        return spliced(file, at(file, p), size, number(value, size, little));
      },
  ),
  fc.tuple(place, length).map(
    ([p, count]): Mutation =>
      (file) =>
        spliced(file, at(file, p), count, new Uint8Array(0)),
  ),
  fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 64 })).map(
    ([p, bytes]): Mutation =>
      (file) => {
        return spliced(file, at(file, p), 0, bytes);
      },
  ),
  // a part twice, or somewhere else
  fc.tuple(place, place, length, fc.boolean()).map(
    ([p, q, count, over]): Mutation =>
      (file) => {
        const from = at(file, p);
        return spliced(file, at(file, q), over ? count : 0, file.subarray(from, from + count));
      },
  ),
  // a part of another file
  fc.tuple(place, place, length, fc.boolean()).map(
    ([p, q, count, over]): Mutation =>
      (file, other) => {
        const from = at(other, p);
        return spliced(file, at(file, q), over ? count : 0, other.subarray(from, from + count));
      },
  ),
  // the head of one and the tail of another
  fc.tuple(place, place).map(
    ([p, q]): Mutation =>
      (file, other) => {
        return Buffer.concat([file.subarray(0, at(file, p)), other.subarray(at(other, q))]);
      },
  ),
  place.map(
    (p): Mutation =>
      (file) =>
        file.subarray(0, at(file, p)),
  ),
  fc.constant<Mutation>(checksummed),
);

/** PNG chunks with the checksums that they should have, so that what stands in them is looked at. */
function checksummed(file: Uint8Array): Uint8Array {
  const copy = Buffer.from(file);
  if (copy.toString("latin1", 1, 4) !== "PNG") return file;
  for (let from = 8; from + 12 <= copy.length; ) {
    const end = from + 8 + copy.readUInt32BE(from);
    if (end + 4 > copy.length) break;
    copy.writeUInt32BE(crc32(copy.subarray(from + 4, end)), end);
    from = end + 4;
  }
  return copy;
}
