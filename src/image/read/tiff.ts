import { type Outline, unsupported } from "./outline.ts";

/** What the first picture of a TIFF says of its samples (TIFF 6.0, and its supplements; numbers are those of its tags). */
export interface TiffOutline extends Outline {
  readonly samples: TiffSamples;
}

export interface TiffSamples {
  /** 258 */
  readonly bits: number;
  /** 339 */
  readonly format: "unsigned" | "signed" | "float" | "other";
  /** 262: how colours are coded, where the decoder is to leave them as they are. */
  readonly lab?: "CIELab" | "ICCLab";
  /** 338: which band is alpha. */
  readonly alpha?: number;
  /** 277 */
  readonly bands: number;
}

const TAG = {
  subfile: 254,
  bits: 258,
  compression: 259,
  photometric: 262,
  bands: 277,
  extra: 338,
  format: 339,
  dng: 50706,
} as const;

/** TIFF → how its samples are to be understood. Throws `bad-image` for what is whole and cannot be read, by name. */
export function outlineTiff(bytes: Uint8Array): TiffOutline {
  const directory = readDirectory(bytes);
  const get = (tag: number): readonly number[] => directory.get(tag)?.values ?? [];
  if (directory.has(TAG.dng) || isRaw(bytes))
    throw unsupported("the raw data of a camera", "develop it to a JPEG first");
  if ((get(TAG.subfile)[0] ?? 0) & 1)
    throw unsupported(
      "a TIFF that begins with a preview of another picture",
      "save that picture alone, as a TIFF, PNG or JPEG",
    );
  const { [0]: photometric = 1 } = get(TAG.photometric);
  const { [0]: compression = 1 } = get(TAG.compression);
  const bits = get(TAG.bits);
  const { [0]: bands = 1 } = get(TAG.bands);
  const format =
    ([undefined, "unsigned", "signed", "float", "unsigned"] as const)[get(TAG.format)[0] ?? 1] ?? "other";
  assertCoding(compression, photometric);
  assertBits(bits.length > 0 ? bits : [1], format);
  const lab = LABS[photometric];
  const colours = ({ 2: 3, 5: 4, 6: 3, 8: 3, 9: 3 } as Record<number, number>)[photometric] ?? 1;
  const alpha = alphaBand(colours, bands, get(TAG.extra));
  const samples: TiffSamples = {
    bits: bits[0] ?? 1,
    format,
    bands,
    ...(lab && { lab }),
    ...(alpha !== undefined && { alpha }),
  };
  // the decoder knows some kinds of Lab and refuses others, and clips numbers below 0: told another tale, it hands out the samples as they
  // stand in the file
  const readable = lab
    ? withValue(bytes, directory, TAG.photometric, 2)
    : samples.format === "signed" && samples.bits === 16
      ? withValue(bytes, directory, TAG.format, 1)
      : bytes;
  return { bytes: readable, samples, notes: [] };
}

const LABS: Readonly<Record<number, "CIELab" | "ICCLab">> = { 8: "CIELab", 9: "ICCLab" };

/** The band that is declared to be alpha; an only extra band is alpha though nothing says so, as most programs take it. */
function alphaBand(colours: number, bands: number, extra: readonly number[]): number | undefined {
  const count = bands - colours;
  if (count < 1) return undefined;
  const declared = extra.findIndex((kind) => kind === 1 || kind === 2);
  if (declared >= 0) return colours + declared;
  return count === 1 ? colours : undefined;
}

const COMPRESSIONS: Readonly<Record<number, string>> = {
  34661: "JBIG",
  34712: "JPEG 2000",
  33003: "JPEG 2000",
  33005: "JPEG 2000",
  34925: "LZMA",
  34933: "PNG",
  34934: "JPEG XR",
  22610: "JPEG XR",
  50000: "Zstandard",
  34926: "Zstandard",
  50002: "JPEG XL",
  52546: "JPEG XL",
  34892: "lossy JPEG of a camera",
  34887: "LERC",
};

function assertCoding(compression: number, photometric: number): void {
  const name = COMPRESSIONS[compression];
  if (name)
    throw unsupported(`a TIFF compressed with ${name}`, "save it with Deflate or LZW compression first");
  if (photometric === 32803 || photometric === 34892)
    throw unsupported("the raw data of a camera", "develop it to a JPEG first");
  if (photometric === 10) throw unsupported("a TIFF in ITU Lab", "convert it to RGB first");
}

function assertBits(bits: readonly number[], format: TiffSamples["format"]): void {
  const [first] = bits as [number, ...number[]];
  const kind = format === "other" ? "complex" : format;
  if (bits.some((other) => other !== first))
    throw unsupported(
      `a TIFF with samples of ${bits.join(", ")} bits`,
      "save it with 8 or 16 bits a sample first",
    );
  const readable = format === "float" ? [16, 32] : format === "signed" ? [8, 16, 32] : [1, 2, 4, 8, 16, 32];
  if (format === "other" || !readable.includes(first))
    throw unsupported(
      `a TIFF with ${kind} samples of ${first} bits`,
      "save it with 8 or 16 bits a sample first",
    );
}

/** Camera files that begin as a TIFF does. */
function isRaw(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(8, 10)) === "CR" && bytes[10] === 2;
}

interface Entry {
  readonly values: readonly number[];
  /** Where the first value stands, and its bytes. */
  readonly at: number;
  readonly size: number;
}

/** Bytes of a number, by the type of its entry: BYTE, SHORT, LONG and LONG8. */
const SIZES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 16: 8 };
/** Of a tag: more are left out, for no tag that is asked for has as many. */
const MOST_VALUES = 64;

/** The whole numbers of the first directory, in a TIFF or a BigTIFF of either byte order; those that lie beyond the file are left out. */
function readDirectory(bytes: Uint8Array): Map<number, Entry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<number, Entry>();
  const little = bytes[0] === 0x49;
  const number = (at: number, size: number): number => {
    if (size === 1) return view.getUint8(at);
    if (size === 2) return view.getUint16(at, little);
    return size === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
  };
  try {
    const big = number(2, 2) === 43;
    const offsetSize = big ? 8 : 4;
    const start = number(big ? 8 : 4, offsetSize);
    const count = number(start, big ? 8 : 2);
    const first = start + (big ? 8 : 2);
    const length = 4 + 2 * offsetSize;
    for (let i = 0; i < Math.min(count, 4096); i++) {
      const at = first + i * length;
      const size = SIZES[number(at + 2, 2)];
      const many = number(at + 4, offsetSize);
      if (size === undefined || many < 1 || many > MOST_VALUES) {
        entries.set(number(at, 2), { values: [], at, size: 0 });
        continue;
      }
      const inside = at + 4 + offsetSize;
      const from = size * many <= offsetSize ? inside : number(inside, offsetSize);
      if (from + size * many > bytes.length) continue;
      const values = Array.from({ length: many }, (_, i) => number(from + i * size, size));
      entries.set(number(at, 2), { values, at: from, size });
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return entries;
}

/** A copy in which all values of a tag are another. */
function withValue(bytes: Uint8Array, directory: Map<number, Entry>, tag: number, value: number): Uint8Array {
  const entry = directory.get(tag);
  if (!entry) return bytes;
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  const little = bytes[0] === 0x49;
  for (const i of entry.values.keys()) {
    const at = entry.at + i * entry.size;
    if (entry.size === 1) view.setUint8(at, value);
    else if (entry.size === 2) view.setUint16(at, value, little);
    else if (entry.size === 4) view.setUint32(at, value, little);
    else view.setBigUint64(at, BigInt(value), little);
  }
  return copy;
}
