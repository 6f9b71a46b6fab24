import { ZippyNetError } from "../../../codec/errors.ts";
import type { Image } from "../../../codec/image.ts";
import { type Cicp, colourOf } from "../colour/cicp.ts";
import { damaged, END_MISSING, type Outline, UNKNOWN_COLOUR, unsupported } from "../outline.ts";
import { afterTurns, viewAfter } from "../turns.ts";
import { firstFrameAsStill, framesOf } from "./avif-sequence.ts";
import {
  type Box,
  boxesOf,
  boxIn,
  codedPixels,
  type Item,
  isPremultiplied,
  itemsOf,
  propertiesOf,
  Reader,
  sizeIn,
} from "./heif.ts";
import { assertCovered } from "./heif-overlay.ts";
import { turnsOf, withoutTurns } from "./heif-turns.ts";

/**
 * AVIF (AV1 Image File Format 1.2; HEIF, ISO/IEC 23008-12): colour by code points, depth, the first frame of a
 * sequence, a missing end. Throws `bad-image` for HEIF files whose pictures are not AV1, and names them, and for files
 * that lack pixels.
 */
export function outlineAvif(bytes: Uint8Array, maxPixels: number): Outline {
  try {
    return outline(bytes, maxPixels);
  } catch (error) {
    if (error instanceof RangeError)
      throw damaged("image/avif", `its boxes are not whole (${error.message})`, error);
    throw error;
  }
}

function outline(bytes: Uint8Array, maxPixels: number): Outline {
  const boxes = boxesOf(new Reader(bytes)).filter(({ type }) => TOP.has(type));
  const meta = boxIn(boxes, "meta");
  const items = meta && itemsOf(meta);
  const moov = boxIn(boxes, "moov");
  const frames = moov ? framesOf(moov) : 1;
  if (!items) {
    if (!moov) throw damaged("image/avif", "it has no picture");
    // there is a sequence and no still picture
    return { ...outline(firstFrameAsStill(bytes, moov), maxPixels), frames };
  }
  const [picture, ...others] = items as [Item, ...Item[]];
  // alpha may be stated before the parts of a picture
  const parts = others.filter(({ properties }) => !boxIn(properties, "auxC"));
  const coded = picture.type === "av01" ? picture : parts.find(({ type }) => type === "av01" || KINDS[type]);
  assertAv1(picture.type, coded?.type);
  assertWhole(items, bytes.length);
  assertCovered(bytes, meta);
  assertParts(codedPixels(meta), maxPixels);
  const cut = boxes.some(({ end }) => end > bytes.length);
  const properties = [...picture.properties, ...(coded?.properties ?? [])];
  const cicp = codePoints(properties, coded, bytes);
  if (cicp) assertMatrix(cicp.matrix);
  const stated = cicp && (cicp.primaries !== UNSPECIFIED || cicp.transfer !== UNSPECIFIED);
  const colour = stated && colourOf(cicp);
  const grey = isGrey(properties);
  const turns = turnsOf(meta);
  const narrow = cicp?.fullRange === false && (grey || OF_RGB.includes(cicp.matrix));
  const file = withoutTurns(readable(bytes, boxes), meta);
  return {
    bytes: narrow && !grey ? withFullRange(file, meta) : file,
    ...(turns.length > 0 && {
      shown: viewAfter(turns, sizeIn(picture.properties)),
      turned: (image: Image) => afterTurns(image, turns),
    }),
    ...(colour && { colour }),
    ...(grey && { grey }),
    // libheif stretches the narrow range of most colours, and forgets it for grey
    ...(narrow && { limitedRange: true }),
    ...(isAlphaLimited(others, bytes) && { limitedAlpha: true }),
    ...(isPremultiplied(meta) && { premultiplied: true }),
    ...(frames > 1 && { frames }),
    notes: [...(stated && !colour ? [UNKNOWN_COLOUR] : []), ...(cut ? [END_MISSING] : [])],
  };
}

/** Boxes of the file. Anything after them does not belong to it. */
const TOP = new Set(["ftyp", "meta", "moov", "mdat", "free", "skip", "uuid", "moof", "mfra", "sidx", "styp"]);

const HEIC_REMEDY = "convert it to JPEG or AVIF first";
/** Coded pictures that are not AV1. */
const KINDS: Readonly<Record<string, string>> = {
  hvc1: "HEIC (a picture in HEVC)",
  hev1: "HEIC (a picture in HEVC)",
  lhv1: "HEIC (a picture in HEVC)",
  avc1: "HEIF with a picture in H.264",
  vvc1: "HEIF with a picture in VVC",
  evc1: "HEIF with a picture in EVC",
  j2k1: "HEIF with a picture in JPEG 2000",
  jpeg: "HEIF with a picture in JPEG",
  unci: "HEIF with uncompressed pixels",
};

/** Pictures that are coded, or made of others. */
const PICTURES: readonly string[] = ["av01", "grid", "iden", "iovl"];

function assertAv1(type: string, coded: string | undefined): void {
  const kind = KINDS[type] ?? (coded && KINDS[coded]);
  if (kind) throw unsupported(kind, HEIC_REMEDY);
  if (coded !== "av01" || !PICTURES.includes(type))
    throw unsupported(`HEIF with a picture of the type ${JSON.stringify(type)}`, HEIC_REMEDY);
}

/** The picture and its alpha may each have so many pixels. */
function assertParts(pixels: number, maxPixels: number): void {
  if (pixels > 2 * maxPixels)
    throw new ZippyNetError(
      "too-large",
      `expected an image of at most ${2 * maxPixels} pixels in all its parts, got ${pixels}`,
    );
}

function assertWhole(items: readonly Item[], length: number): void {
  const extents = items.flatMap((item) => item.extents);
  const all = extents.reduce((sum, extent) => sum + extent.length, 0);
  const there = extents.reduce(
    (sum, { from, length: own }) => sum + Math.min(own, Math.max(0, length - from)),
    0,
  );
  if (there < all)
    throw damaged("image/avif", `it ends too soon, ${there} of the ${all} bytes of its picture are there`);
}

/** From a `colr` box, or else from the AV1 data. The decoder returns a profile, if there is one. */
function codePoints(
  properties: readonly Box[],
  coded: Item | undefined,
  bytes: Uint8Array,
): Cicp | undefined {
  for (const { type, body } of properties) {
    const colour = body.again();
    if (type !== "colr" || colour.text(4) !== "nclx") continue;
    const [primaries, transfer, matrix] = [colour.number(2), colour.number(2), colour.number(2)];
    return { primaries, transfer, matrix, fullRange: colour.number(1) >= 128 };
  }
  return codedColour(properties, coded, bytes);
}

/** Matrices of H.273, table 4, that libheif undoes. It mistakes some of the others for these. */
const MATRICES: readonly number[] = [0, 1, 2, 4, 5, 6, 7, 8, 9, 12, 16];

function assertMatrix(matrix: number): void {
  if (!MATRICES.includes(matrix))
    throw unsupported(
      `an AVIF whose colours are coded by matrix ${matrix} of H.273`,
      "save it in YCbCr of BT.601, BT.709 or BT.2020 first",
    );
}

/** Matrices that begin with RGB of narrow range, where it is narrow. libheif stretches each channel by another factor. */
const OF_RGB: readonly number[] = [0, 8, 16];

/** The file with such colours said to have their full range, so that the decoder returns them as they are. */
function withFullRange(bytes: Uint8Array, meta: Box): Uint8Array {
  const stated = propertiesOf(meta).flatMap(({ type, body }) => {
    const colour = body.again();
    if (type !== "colr" || colour.text(4) !== "nclx" || !OF_RGB.includes(colour.skip(4).number(2))) return [];
    return [colour.at];
  });
  if (stated.length === 0)
    throw unsupported("an AVIF in RGB of narrow range without a colr box", "save it in full range first");
  const file = Buffer.from(bytes);
  for (const at of stated) file[at] = 128;
  return file;
}

function codedColour(
  properties: readonly Box[],
  coded: Item | undefined,
  bytes: Uint8Array,
): Cicp | undefined {
  const config = boxIn(properties, "av1C")?.body.again();
  const inConfig = config && config.left > 4 ? colourInAv1(config.skip(4).rest()) : undefined;
  const [extent] = coded?.extents ?? [];
  return inConfig ?? (extent && colourInAv1(bytes.subarray(extent.from, extent.from + extent.length)));
}

/** From `av1C` (AV1 in ISO media, 2.3.3). */
function isGrey(properties: readonly Box[]): boolean {
  const config = boxIn(properties, "av1C")?.body.again();
  return config !== undefined && config.left >= 4 && (config.skip(2).number(1) & 0x10) !== 0;
}

/**
 * Whether alpha has the range of video, which the first version of the format allowed (1.0.0, 4). libheif returns it as
 * it is.
 */
function isAlphaLimited(others: readonly Item[], bytes: Uint8Array): boolean {
  return others.some((item) => {
    const kind = boxIn(item.properties, "auxC")?.body.again();
    if (!kind || !/alpha|auxid:1/.test(kind.text(kind.left))) return false;
    return codedColour(item.properties, item, bytes)?.fullRange === false;
  });
}

/**
 * Makes a file that libheif accepts as a whole still picture: the brand says so, and the last box ends with the file.
 */
function readable(bytes: Uint8Array, boxes: readonly Box[]): Uint8Array {
  const last = boxes.at(-1)!;
  const sequence = Buffer.from(bytes.subarray(8, 12)).toString("latin1") !== "avif";
  const cut = last.end > bytes.length;
  if (!sequence && !cut) return bytes;
  const copy = Buffer.from(cut && last.type !== "mdat" ? bytes.subarray(0, last.start) : bytes);
  if (sequence) copy.write("avif", 8, "latin1");
  // a size of 0: to the end of the file
  if (cut && last.type === "mdat") copy.writeUInt32BE(0, last.start);
  return copy;
}

/** The colour space in the sequence header of AV1 units (AV1 specification, 5.5). `undefined` if there is none. */
export function colourInAv1(units: Uint8Array): Cicp | undefined {
  const header = sequenceHeader(units);
  if (!header) return undefined;
  const bits = new Bits(header);
  const profile = bits.read(3);
  bits.read(1);
  const reduced = bits.flag();
  if (reduced) bits.read(5);
  else skipOperatingPoints(bits);
  const [widthBits, heightBits] = [bits.read(4) + 1, bits.read(4) + 1];
  bits.read(widthBits);
  bits.read(heightBits);
  if (!reduced && bits.flag()) bits.read(7);
  bits.read(3);
  if (!reduced) skipTools(bits);
  bits.read(3);
  return colourConfig(bits, profile);
}

function sequenceHeader(units: Uint8Array): Uint8Array | undefined {
  let at = 0;
  while (at < units.length) {
    const first = units[at++]!;
    if (first & 4) at++;
    if (!(first & 2)) return (first >> 3) % 16 === 1 ? units.subarray(at) : undefined;
    let size = 0;
    for (let shift = 0; shift < 35 && at < units.length; shift += 7) {
      const byte = units[at++]!;
      size += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    if ((first >> 3) % 16 === 1) return units.subarray(at, at + size);
    at += size;
  }
  return undefined;
}

/** 5.5.1, from timing_info_present_flag */
function skipOperatingPoints(bits: Bits): void {
  let delayBits = 0;
  if (bits.flag()) {
    bits.read(32);
    bits.read(32);
    if (bits.flag()) bits.universal();
    if (bits.flag()) {
      delayBits = bits.read(5) + 1;
      bits.read(32);
      bits.read(10);
    }
  }
  const delays = bits.flag();
  const points = bits.read(5) + 1;
  for (let i = 0; i < points; i++) {
    bits.read(12);
    if (bits.read(5) > 7) bits.read(1);
    if (delayBits > 0 && bits.flag()) {
      bits.read(delayBits);
      bits.read(delayBits);
      bits.read(1);
    }
    if (delays && bits.flag()) bits.read(4);
  }
}

/** 5.5.1, from enable_interintra_compound */
function skipTools(bits: Bits): void {
  bits.read(4);
  const order = bits.flag();
  if (order) bits.read(2);
  const screen = bits.flag() ? 2 : bits.read(1);
  if (screen > 0 && !bits.flag()) bits.read(1);
  if (order) bits.read(3);
}

const UNSPECIFIED = 2;

/** 5.5.2 */
function colourConfig(bits: Bits, profile: number): Cicp {
  const high = bits.flag();
  if (profile === 2 && high) bits.read(1);
  const mono = profile === 1 ? false : bits.flag();
  const described = bits.flag();
  const [primaries, transfer, matrix] = described
    ? [bits.read(8), bits.read(8), bits.read(8)]
    : [UNSPECIFIED, UNSPECIFIED, UNSPECIFIED];
  const identity = !mono && primaries === 1 && transfer === 13 && matrix === 0;
  return { primaries, transfer, matrix, fullRange: identity || bits.flag() };
}

/** Reads bits, the highest of each byte first; 0 past the end. */
class Bits {
  private at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.at++) {
      value = value * 2 + (((this.bytes[this.at >> 3] ?? 0) >> (7 - (this.at & 7))) & 1);
    }
    return value;
  }

  flag(): boolean {
    return this.read(1) === 1;
  }

  /** 4.10.3 */
  universal(): void {
    let zeros = 0;
    while (zeros < 32 && !this.flag()) zeros++;
    this.read(zeros < 32 ? zeros : 0);
  }
}
