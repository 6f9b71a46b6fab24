import { colourOfExif } from "../colour/exif.ts";
import {
  assertSizeWithin,
  damaged,
  END_MISSING,
  type Outline,
  type TiffSamples,
  unsupported,
} from "../outline.ts";
import { LOST as LOST_IN_JPEG } from "./jpeg.ts";
import { Directory } from "./tiff-directory.ts";
import { assertJpegParts } from "./tiff-jpeg.ts";
import { isPacked, unpacked } from "./tiff-packed.ts";

const TAG = {
  subfile: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  orientation: 274,
  bands: 277,
  planes: 284,
  resolutionUnit: 296,
  tileWidth: 322,
  extra: 338,
  inks: 332,
  format: 339,
  dng: 50706,
} as const;

/** Tags whose values have to be there; the numbers are those of the places and lengths of strips and tiles. */
const NEEDED = [TAG.bits, TAG.extra, TAG.format, 273, 279, 324, 325];

/**
 * Reads how the samples of a TIFF are to be understood. Throws `bad-image` for a whole file that cannot be read, and
 * names its kind.
 */
export function outlineTiff(file: Uint8Array, maxPixels: number): Outline {
  const given = new Directory(file);
  if (given.size === 0) throw damaged("image/tiff", "its directory is not there");
  if (!given.whole) throw damaged("image/tiff", "its directory is not whole");
  const pages = given.pages();
  const bytes = firstPage(file, given, pages);
  const directory = bytes === file ? given : new Directory(bytes);
  const cut = NEEDED.find((tag) => directory.isCut(tag));
  if (cut !== undefined) throw damaged("image/tiff", `the values of its tag ${cut} are not there`);
  const layout = layoutOf(directory);
  assertSizeWithin(layout.width, layout.height, maxPixels);
  assertReadable(bytes, directory, layout);
  const missing = missingBytes(bytes, directory);
  if (layout.compression === JPEG && !missing) assertJpegParts(bytes, directory, maxPixels);
  const samples = samplesOf(layout);
  const colour = colourOfExif(bytes);
  return {
    bytes: isPacked(layout.bits[0], layout.palette ? 1 : layout.bands)
      ? unpacked(bytes, directory, layout.bits[0])
      : readable(bytes, directory, samples, layout),
    // the colours of a palette, and their alpha, are returned like those of other formats
    ...(!layout.palette && { samples }),
    ...(colour && { colour }),
    ...(pages.count > 1 && { frames: pages.count }),
    fatal: LOST,
    notes: pages.whole ? [] : [END_MISSING],
    ...(missing && { missing }),
  };
}

/** What a directory says of its picture and of the samples in it. */
interface Layout {
  readonly width: number;
  readonly height: number;
  readonly compression: number;
  readonly photometric: number;
  readonly palette: boolean;
  /** Samples a pixel, and how many of them are colours. */
  readonly bands: number;
  readonly colours: number;
  /** Of the samples of a pixel, or once for all of them. */
  readonly bits: readonly [number, ...number[]];
  readonly format: TiffSamples["format"];
  readonly inks: number;
  /** Kinds of the bands after the colours: 1 for premultiplied alpha, 2 for alpha. */
  readonly extra: readonly number[];
}

function layoutOf(directory: Directory): Layout {
  const first = (tag: number, otherwise: number): number => directory.numbers(tag)[0] ?? otherwise;
  const photometric = first(TAG.photometric, -1);
  const [bits = 1, ...others] = directory.numbers(TAG.bits);
  return {
    width: first(TAG.width, 0),
    height: first(TAG.height, 0),
    compression: first(TAG.compression, 1),
    photometric,
    palette: photometric === PALETTE,
    bands: first(TAG.bands, 1),
    colours: COLOURS[photometric] ?? 1,
    bits: [bits, ...others],
    format: FORMATS[first(TAG.format, 1)] ?? "complex",
    inks: first(TAG.inks, 1),
    extra: directory.numbers(TAG.extra),
  };
}

/** Throws `bad-image` for kinds that libvips refuses, or would read wrongly. */
function assertReadable(bytes: Uint8Array, directory: Directory, layout: Layout): void {
  const { compression, bands, colours, bits, extra } = layout;
  if (directory.has(TAG.dng) || isRaw(bytes))
    throw unsupported("the raw data of a camera", "develop it to a JPEG first");
  if ((directory.numbers(TAG.subfile)[0] ?? 0) & 1)
    throw unsupported(
      "a TIFF that begins with a preview of another picture",
      "save that picture alone, as a TIFF, PNG or JPEG",
    );
  assertCoding(layout);
  assertColours(layout);
  assertBits(layout);
  assertPlanes(directory, layout);
  assertBands(layout);
  if (colours === 4 && bits[0] === 16 && extra.includes(1))
    throw unsupported("a TIFF in CMYK of 16 bits that is multiplied with alpha", "convert it to RGB first");
  if (compression === JPEG && bands > colours && directory.has(TAG.tileWidth))
    throw unsupported(
      "a TIFF with alpha or other bands in tiles of JPEG",
      "save it with Deflate or LZW compression first",
    );
}

function samplesOf({ photometric, palette, bands, colours, bits, format, extra }: Layout): TiffSamples {
  const lab = LABS[photometric];
  const alpha = alphaBand(colours, bands, extra);
  // the colours of a palette are the same for every alpha
  const odd = palette || format !== "unsigned" || bits[0] === 32;
  const whiteIsZero = photometric === 0 && (format === "signed" || format === "float");
  return {
    format,
    ...(lab && { lab }),
    ...(whiteIsZero && { whiteIsZero }),
    ...(alpha !== undefined && { alpha }),
    ...(odd && extra.includes(1) && { premultiplied: true }),
  };
}

/**
 * What the decoders of strips and tiles say if pixels are missing or make no sense. libvips refuses that in strips, but
 * takes it for a warning in tiles and in JPEG data. The other warnings are harmless, such as those on unknown tags.
 */
const LOST = new RegExp(
  `${LOST_IN_JPEG.source}|not enough data|not yet in table|not terminated with EOI|decoding error|WebPGetInfo`,
  "i",
);

/** Tags that libtiff refuses if their number is above this one or 0, which is common. They mean 1 then. */
const UP_TO: readonly (readonly [tag: number, most: number])[] = [
  [TAG.fillOrder, 2],
  [TAG.orientation, 8],
  [TAG.planes, 2],
  [TAG.resolutionUnit, 3],
  [TAG.format, 6],
];

/** The file without its other pages, which libvips would refuse it for, and without numbers that mean nothing. */
function firstPage(
  file: Uint8Array,
  directory: Directory,
  { count, whole }: ReturnType<Directory["pages"]>,
): Uint8Array {
  const wrong = UP_TO.filter(([tag, most]) => {
    const [value = 1] = directory.numbers(tag);
    return value < 1 || value > most;
  });
  const changes = wrong.map(([tag]) => [tag, 1] as const);
  return count > 1 || !whole || changes.length > 0 ? directory.with(...changes) : file;
}

/**
 * libvips knows some kinds of Lab and refuses others, clips numbers below 0, rounds 16-bit floats of grey to whole
 * numbers, inverts some samples and not others where 0 is white, and divides by alpha as if it had 8 or 16 bits. So
 * tags are changed such that it returns the samples as stored.
 */
function readable(
  bytes: Uint8Array,
  directory: Directory,
  { lab, format, premultiplied, whiteIsZero }: TiffSamples,
  { bits: [bits], colours, palette }: Layout,
): Uint8Array {
  const changes: [tag: number, value: number][] = [];
  const grey = colours === 1 && !palette;
  if (lab || (grey && format === "float" && bits === 16)) changes.push([TAG.photometric, 2]);
  else if (whiteIsZero) changes.push([TAG.photometric, 1]);
  if (format === "signed" && bits === 16) changes.push([TAG.format, 1]);
  if (premultiplied) changes.push([TAG.extra, 2]);
  return changes.length > 0 ? directory.with(...changes) : bytes;
}

/** sharp opens files with at most so many. */
const MOST_BANDS = 5;
const FORMATS: Readonly<Record<number, TiffSamples["format"]>> = {
  1: "unsigned",
  2: "signed",
  3: "float",
  4: "unsigned",
};
const PALETTE = 3;
const YCBCR = 6;
/** Channels of colour, by photometric interpretation; 1 for the others. */
const COLOURS: Readonly<Record<number, number>> = { 2: 3, 5: 4, 6: 3, 8: 3, 9: 3 };
const LABS: Readonly<Record<number, "CIELab" | "ICCLab">> = { 8: "CIELab", 9: "ICCLab" };

/**
 * The channel that is declared as alpha. A single extra channel is alpha even if nothing says so, as in most programs.
 */
function alphaBand(colours: number, bands: number, extra: readonly number[]): number | undefined {
  const count = bands - colours;
  if (count < 1) return undefined;
  const declared = extra.findIndex((kind) => kind === 1 || kind === 2);
  if (declared >= 0) return colours + declared;
  return count === 1 ? colours : undefined;
}

const COMPRESSIONS: Readonly<Record<number, string>> = {
  6: "old-style JPEG",
  32909: "PixarLog",
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

const JPEG = 7;

function assertCoding({ compression, photometric }: Layout): void {
  const name = COMPRESSIONS[compression];
  if (name)
    throw unsupported(`a TIFF compressed with ${name}`, "save it with Deflate or LZW compression first");
  if (photometric === 32803 || photometric === 34892)
    throw unsupported("the raw data of a camera", "develop it to a JPEG first");
  // JPEG data are converted to RGB by their own decoder
  if (photometric === YCBCR && compression !== JPEG)
    throw unsupported("a TIFF in YCbCr without JPEG compression", "convert it to RGB first");
}

/** Photometric interpretations that are read. */
const READ = [0, 1, 2, 3, 5, 6, 8, 9];
const OTHERS: Readonly<Record<number, string>> = {
  // some readers take 0 for black then, others for white, and most refuse it
  [-1]: "a TIFF that does not say what its samples mean (PhotometricInterpretation)",
  4: "a TIFF that is a mask of another picture",
  10: "a TIFF in ITU Lab",
  32844: "a TIFF in LogL",
  32845: "a TIFF in LogLuv",
};

function assertColours({ photometric, inks }: Layout): void {
  if (!READ.includes(photometric))
    throw unsupported(
      OTHERS[photometric] ?? `a TIFF of photometric interpretation ${photometric}`,
      "convert it to RGB first",
    );
  if (photometric === 5 && inks !== 1)
    throw unsupported("a TIFF of inks other than those of CMYK", "convert it to RGB first");
}

/** Of extra bands, a palette may have one. */
function assertBands({ colours, bands, palette }: Layout): void {
  if (bands < colours)
    throw unsupported(
      `a TIFF of ${bands} bands where its colours have ${colours}`,
      "save it as RGB or grey first",
    );
  if (bands > (palette ? 2 : MOST_BANDS))
    throw unsupported(
      `a TIFF of ${bands} bands${palette ? ", one of them a palette's" : ""}`,
      "save those that are a picture as RGB first",
    );
}

/** libvips mixes up planes of grey and alpha, and those of 16-bit floats. It takes those of YCbCr for RGB. */
function assertPlanes(directory: Directory, { photometric, bands, bits, format }: Layout): void {
  const apart = bands > 1 && directory.numbers(TAG.planes)[0] === 2;
  const grey = COLOURS[photometric] === undefined;
  const tiles = directory.has(TAG.tileWidth);
  const kinds = [
    [grey, "grey and other bands"],
    [tiles, "tiles"],
    [format === "float" && bits[0] === 16, "16-bit floats"],
    [photometric === YCBCR, "YCbCr"],
  ] as const;
  const kind = kinds.find(([is]) => is);
  if (apart && kind)
    throw unsupported(
      `a TIFF that holds ${kind[1]} in planes`,
      "save it with the samples of a pixel side by side first",
    );
}

function assertBits({ bits: [bits, ...others], format, photometric, palette, bands }: Layout): void {
  const remedy = "save it with 8 or 16 bits a sample first";
  if (others.some((other) => other !== bits))
    throw unsupported(`a TIFF with samples of ${[bits, ...others].join(", ")} bits`, remedy);
  if (palette && bands > 1 && bits < 8)
    throw unsupported(`a TIFF of a palette of ${bits} bits with alpha`, remedy);
  if (LABS[photometric] && (format !== "unsigned" || (bits !== 8 && bits !== 16)))
    throw unsupported(`a TIFF in Lab with ${format} samples of ${bits} bits`, remedy);
  const readable = {
    unsigned: palette ? [1, 2, 4, 8, 16] : [...Array.from({ length: 16 }, (_, i) => i + 1), 32],
    signed: [8, 16, 32],
    float: [16, 32],
    complex: [],
  } satisfies Record<string, readonly number[]>;
  if (!(readable[format] as readonly number[]).includes(bits))
    throw unsupported(`a TIFF with ${format} samples of ${bits} bits`, remedy);
}

/** What is missing of strips or tiles, if the file is too short. */
function missingBytes(bytes: Uint8Array, directory: Directory): string | undefined {
  const parts = directory.parts();
  const all = parts.reduce((sum, { length }) => sum + length, 0);
  const there = parts.reduce(
    (sum, { from, length }) => sum + Math.min(length, Math.max(0, bytes.length - from)),
    0,
  );
  return there < all ? `it ends too soon, ${there} of the ${all} bytes of its picture are there` : undefined;
}

/** Camera files that begin like a TIFF. */
function isRaw(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(8, 10)) === "CR" && bytes[10] === 2;
}
