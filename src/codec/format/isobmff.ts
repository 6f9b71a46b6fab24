import { ZippyNetError } from "../errors.ts";
import { type Av1Sequence, av1Sequence } from "./av1.ts";
import { joined } from "./bytes.ts";

/**
 * The bare AV1 payload of an AVIF still image: the data of its primary item (the OBUs), without the boxes around it.
 * A codec with a container of a few bytes would need no more. Boxes as in ISO/IEC 14496-12 (2022): `meta`
 * §8.11.1, `pitm` §8.11.4, `iloc` §8.11.3; the item type `av01` as in AVIF 1.1 §2.1. Alpha, if there is any, is another
 * item and not included. Throws `bad-image`.
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

/** An empty temporal delimiter. AVIF's item data may begin with one; it holds no information. */
const TEMPORAL_DELIMITER = Uint8Array.of(0x12, 0);

/**
 * The AV1 frame of an AVIF still picture without its boxes. Alpha, an item of its own, is not in it. Throws
 * `bad-image`.
 */
export function av1Frame(file: Uint8Array): Uint8Array {
  const payload = av1Payload(file);
  return TEMPORAL_DELIMITER.every((byte, i) => payload[i] === byte)
    ? payload.subarray(TEMPORAL_DELIMITER.length)
    : payload;
}

/**
 * An AVIF file around an AV1 frame: the fewest boxes that AVIF 1.1 (§2.1, §2.2, §9) and MIAF ask of a still picture;
 * what they say of it is read from its sequence header. Colour is sRGB, as it is without a `colr` box. Throws
 * `bad-file`.
 */
export function avifFile(frame: Uint8Array): Uint8Array {
  const sequence = av1Sequence(frame);
  const media = joined(TEMPORAL_DELIMITER, frame);
  const fileType = box("ftyp", text("avif"), u32(0), text("avif"), text("mif1"), text("miaf"));
  const meta = (offset: number): Uint8Array =>
    fullBox(
      "meta",
      fullBox("hdlr", u32(0), text("pict"), new Uint8Array(13)),
      fullBox("pitm", u16(ITEM)),
      // offsets and lengths of four bytes; one item of one extent in this file
      fullBox(
        "iloc",
        Uint8Array.of(0x44, 0),
        u16(1),
        u16(ITEM),
        u16(0),
        u16(1),
        u32(offset),
        u32(media.length),
      ),
      fullBox("iinf", u16(1), fullBoxOf(2, "infe", u16(ITEM), u16(0), text("av01"), Uint8Array.of(0))),
      box(
        "iprp",
        box("ipco", configuration(sequence), spatialExtents(sequence), pixelInformation(sequence)),
        // properties 1 (essential), 2 and 3 are the item's
        fullBox("ipma", u32(1), u16(ITEM), Uint8Array.of(3, 0x81, 2, 3)),
      ),
    );
  const offset = fileType.length + meta(0).length + 8;
  return joined(fileType, meta(offset), box("mdat", media));
}

const ITEM = 1;

/** AV1-ISOBMFF, §2.3.3. */
function configuration(sequence: Av1Sequence): Uint8Array {
  const { profile, level, monochrome, subsamplingX, subsamplingY, chromaSamplePosition } = sequence;
  const chroma = (Number(monochrome) << 4) | (subsamplingX << 3) | (subsamplingY << 2) | chromaSamplePosition;
  return box("av1C", Uint8Array.of(0x81, (profile << 5) | level, chroma, 0));
}

function spatialExtents({ width, height }: Av1Sequence): Uint8Array {
  return fullBox("ispe", u32(width), u32(height));
}

function pixelInformation({ monochrome }: Av1Sequence): Uint8Array {
  return fullBox("pixi", Uint8Array.from(monochrome ? [1, 8] : [3, 8, 8, 8]));
}

function box(type: string, ...content: readonly Uint8Array[]): Uint8Array {
  const body = joined(...content);
  return joined(u32(8 + body.length), text(type), body);
}

function fullBox(type: string, ...content: readonly Uint8Array[]): Uint8Array {
  return fullBoxOf(0, type, ...content);
}

function fullBoxOf(version: number, type: string, ...content: readonly Uint8Array[]): Uint8Array {
  return box(type, Uint8Array.of(version, 0, 0, 0), ...content);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255);
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
