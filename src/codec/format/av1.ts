import { ZippyNetError } from "../errors.ts";
import { joined } from "./concat.ts";

/**
 * The bare AV1 payload of an AVIF still image: the data of its primary item (the OBUs), without the boxes around it.
 * What a codec with a container of a few bytes would have to carry. Boxes as in ISO/IEC 14496-12 (2022): `meta` §8.11.1, `pitm`
 * §8.11.4, `iloc` §8.11.3; the item type `av01` as in AVIF 1.1 §2.1. Alpha, if there is any, is another item and not included.
 * Throws `bad-image`.
 */
export function av1Payload(avif: Uint8Array): Uint8Array {
  const file = new Reader(avif);
  const meta = file.box("meta").fullBox();
  const primary = readPrimaryItem(meta.box("pitm"));
  const { fromData, extents } = readLocation(meta.box("iloc"), primary);
  const source = fromData ? meta.box("idat").rest() : avif;
  const parts = extents.map(({ offset, length }) => {
    // a length of 0 is the rest of the source
    const end = length === 0 ? source.length : offset + length;
    if (end > source.length) throw damaged(`an item's data ends at ${end} of ${source.length} bytes`);
    return source.subarray(offset, end);
  });
  return joined(...parts);
}

/** Big-endian numbers and boxes, one after the other. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The content of the first box of a type, from the start. */
  box(type: string): Reader {
    for (let at = 0; at + 8 <= this.#bytes.length; ) {
      const found = String.fromCharCode(...this.#bytes.subarray(at + 4, at + 8));
      let size = this.#view.getUint32(at);
      let header = 8;
      if (size === 1) {
        if (at + 16 > this.#bytes.length) break;
        size = Number(this.#view.getBigUint64(at + 8));
        header = 16;
      }
      if (size === 0) size = this.#bytes.length - at; // to the end of the file
      if (size < header || at + size > this.#bytes.length) {
        throw damaged(`a box of ${size} bytes at ${at} of ${this.#bytes.length}`);
      }
      if (found === type) return new Reader(this.#bytes.subarray(at + header, at + size));
      at += size;
    }
    throw damaged(`no box "${type}"`);
  }

  /** A full box without its version and flags. */
  fullBox(): Reader {
    return new Reader(this.#bytes.subarray(4));
  }

  /** An unsigned number of 0, 1, 2, 4 or 8 bytes. */
  number(size: number): number {
    let value = 0;
    if (this.#at + size > this.#bytes.length) throw damaged("a box ends within a number");
    for (let i = 0; i < size; i++) value = value * 256 + this.#bytes[this.#at++]!;
    return value;
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }
}

function readPrimaryItem(pitm: Reader): number {
  const version = pitm.number(1);
  pitm.number(3);
  return pitm.number(version === 0 ? 2 : 4);
}

interface Location {
  /** Whether offsets are within the `idat` box and not the file. */
  readonly fromData: boolean;
  readonly extents: readonly { readonly offset: number; readonly length: number }[];
}

function readLocation(iloc: Reader, item: number): Location {
  const version = iloc.number(1);
  if (version > 2) throw damaged(`an iloc box of version ${version}`);
  iloc.number(3);
  const [offsetSize, lengthSize] = nibbles(iloc.number(1));
  const [baseSize, reserved] = nibbles(iloc.number(1));
  const indexSize = version === 0 ? 0 : reserved;
  const items = iloc.number(version < 2 ? 2 : 4);
  for (let i = 0; i < items; i++) {
    const id = iloc.number(version < 2 ? 2 : 4);
    const method = version === 0 ? 0 : iloc.number(2) & 15;
    iloc.number(2); // data reference, 0 for this file
    const base = iloc.number(baseSize);
    const extents = Array.from({ length: iloc.number(2) }, () => {
      iloc.number(indexSize);
      return { offset: base + iloc.number(offsetSize), length: iloc.number(lengthSize) };
    });
    if (id !== item) continue;
    if (method > 1) throw damaged(`item data by construction method ${method}`);
    return { fromData: method === 1, extents };
  }
  throw damaged(`no location of item ${item}`);
}

function nibbles(byte: number): [number, number] {
  return [byte >> 4, byte & 15];
}

function damaged(why: string): ZippyNetError {
  return new ZippyNetError("bad-image", `expected a whole AVIF, got ${why}`);
}

/** What the sequence header of an AV1 still picture says. */
export interface Av1Sequence {
  readonly width: number;
  readonly height: number;
  readonly profile: number;
  readonly level: number;
  readonly monochrome: boolean;
  /** 1 if chroma is halved. */
  readonly subsamplingX: number;
  readonly subsamplingY: number;
  readonly chromaSamplePosition: number;
}

const SEQUENCE_HEADER = 1;
/** Of `matrix_coefficients`. */
const IDENTITY = 0;

/**
 * Reads the sequence header that a payload begins with (AV1 specification, §5.3 and §5.5): that of a still picture of 8 bits
 * with the reduced header, as AVIF encoders write it. Throws `bad-file` for anything else.
 */
export function av1Sequence(payload: Uint8Array): Av1Sequence {
  const bits = new Bits(payload);
  bits.expect(0, 1, "forbidden bit");
  bits.expect(SEQUENCE_HEADER, 4, "type of the first OBU");
  bits.expect(0, 1, "extension flag");
  bits.expect(1, 1, "size flag");
  bits.read(1 + 8); // reserved; a size of under 128
  const profile = bits.read(3);
  if (profile > 1) throw unexpected("profile", "0 or 1", profile);
  bits.expect(1, 1, "still_picture");
  bits.expect(1, 1, "reduced_still_picture_header");
  const level = bits.read(5);
  const [widthBits, heightBits] = [bits.read(4) + 1, bits.read(4) + 1];
  const [width, height] = [bits.read(widthBits) + 1, bits.read(heightBits) + 1];
  bits.read(3 + 3); // tools: superblocks, filter_intra, intra_edge; superres, cdef, restoration
  bits.expect(0, 1, "high_bitdepth");
  const monochrome = profile === 0 && bits.read(1) === 1;
  const matrix = bits.read(1) === 1 ? bits.read(24) & 255 : undefined;
  if (matrix === IDENTITY) throw unexpected("matrix_coefficients", "those of YCbCr", matrix);
  bits.read(1); // color_range
  const subsampling = profile === 0 ? 1 : 0;
  const chromaSamplePosition = profile === 0 && !monochrome ? bits.read(2) : 0;
  return {
    width,
    height,
    profile,
    level,
    monochrome,
    subsamplingX: subsampling,
    subsamplingY: subsampling,
    chromaSamplePosition,
  };
}

/** Bits from the most significant on. */
class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++) {
      const byte = this.#bytes[this.#at >> 3];
      if (byte === undefined)
        throw new ZippyNetError("bad-file", "not a .zn file: it ends within an AV1 header");
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  expect(value: number, count: number, name: string): void {
    const found = this.read(count);
    if (found !== value) throw unexpected(name, String(value), found);
  }
}

function unexpected(name: string, expected: string, got: number): ZippyNetError {
  return new ZippyNetError("bad-file", `not a .zn file: expected an AV1 ${name} of ${expected}, got ${got}`);
}
