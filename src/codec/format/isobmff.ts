import { type Av1Sequence, av1Payload, av1Sequence } from "./av1.ts";
import { joined } from "./concat.ts";

/** An empty temporal delimiter, with which AVIF's item data begin or may begin; it says nothing. */
const TEMPORAL_DELIMITER = Uint8Array.of(0x12, 0);

/** The AV1 frame of an AVIF still picture without its boxes. Alpha, an item of its own, is not in it. Throws `bad-image`. */
export function av1Frame(file: Uint8Array): Uint8Array {
  const payload = av1Payload(file);
  return TEMPORAL_DELIMITER.every((byte, i) => payload[i] === byte)
    ? payload.subarray(TEMPORAL_DELIMITER.length)
    : payload;
}

/**
 * An AVIF file around an AV1 frame: the fewest boxes that AVIF 1.1 (§2.1, §2.2, §9) and MIAF ask of a still picture; what they say
 * of it is read from its sequence header. Colour is sRGB, as it is without a `colr` box. Throws `bad-file`.
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
