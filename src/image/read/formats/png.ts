import { constants, crc32, deflateSync, inflateSync } from "node:zlib";
import type { Image } from "../../../codec/image.ts";
import { colourOf } from "../colour/cicp.ts";
import {
  type Colour,
  gamma,
  type Primaries,
  SRGB,
  SRGB_PRIMARIES,
  srgb,
  toSrgbMatrix,
} from "../colour/colour.ts";
import { assertParts, damaged, END_MISSING, type Outline, unsupported, type Window } from "../outline.ts";
import { afterTurns, EXIF_TURNS } from "../turns.ts";
import { Directory } from "./tiff-directory.ts";

/**
 * PNG, third edition (W3C, 2025; clauses in brackets): colour, first frame, and a missing end. A picture of more than
 * `maxPixels` is not examined.
 */
export function outlinePng(file: Uint8Array, maxPixels: number): Outline {
  const bytes = arranged(file);
  const chunks = chunksOf(bytes);
  if (chunks[0]?.type === "CgBI")
    throw unsupported("a PNG as Xcode packs it into apps (CgBI)", "take the one that it was made from");
  const header = headerOf(chunks);
  if (!header || header.width * header.height > maxPixels) return { bytes, notes: [] };
  const profile = chunks.some(({ type }) => type === "iCCP");
  const colour = { ...colourOfPng(chunks), ...(profile && { profile }) };
  const frame = firstFrame(chunks, header);
  if (frame) return { ...colour, ...frame, notes: [], repair: () => repaired(frame.bytes) };
  const frames = framesOf(chunks);
  const mendedFile = mended(bytes, chunks, header);
  return {
    ...colour,
    ...mendedFile,
    ...(frames > 1 && { frames }),
    repair: () => repaired(mendedFile.bytes),
  };
}

interface Chunk {
  readonly type: string;
  /** Shorter than it should be if the file ends within. */
  readonly data: Uint8Array;
  /** Whether data and checksum are complete. */
  readonly whole: boolean;
  /** Whether the checksum is that of type and data. */
  readonly intact: () => boolean;
}

const SIGNATURE = 8;

function chunksOf(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE; at + 8 <= bytes.length; ) {
    assertParts(chunks.length);
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 8 + length;
    const whole = end + 4 <= bytes.length;
    const start = at + 4;
    const intact = (): boolean => whole && crc32(bytes.subarray(start, end)) === view.getUint32(end);
    chunks.push({ type, data: bytes.subarray(at + 8, end), whole, intact });
    if (type === "IEND") break;
    at = end + 4;
  }
  return chunks;
}

/** Texts, which nothing here needs. A decoder unpacks them all: some hundred kilobytes to gigabytes. */
const TEXTS: readonly string[] = ["tEXt", "zTXt", "iTXt"];

/**
 * The file without its texts, and with its EXIF data where libpng reads them: before the pixels, and beginning with
 * their byte order. They may also be behind the pixels (5.6), and some programs write them with the six letters that
 * they have in a JPEG.
 */
function arranged(bytes: Uint8Array): Uint8Array {
  const chunks = chunksOf(bytes);
  const exif = chunks.find(({ type, intact }) => type === "eXIf" && intact());
  const prefixed = exif && Buffer.from(exif.data.subarray(0, 6)).toString("latin1") === "Exif\0\0";
  const pixels = chunks.findIndex(({ type }) => type === "IDAT");
  const moved = exif && (prefixed || (pixels >= 0 && chunks.indexOf(exif) > pixels)) ? exif : undefined;
  const kept = chunks.filter((chunk) => chunk !== moved && !TEXTS.includes(chunk.type));
  const [header, ...others] = kept.map(({ data }) => {
    const start = data.byteOffset - bytes.byteOffset - 8;
    return bytes.subarray(start, start + 12 + data.length);
  });
  if (kept.length === chunks.length || kept[0]?.type !== "IHDR") return bytes;
  const early = moved ? [chunkOf("eXIf", moved.data.subarray(prefixed ? 6 : 0))] : [];
  return Buffer.concat([bytes.subarray(0, SIGNATURE), header!, ...early, ...others]);
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  readonly interlaced: boolean;
  readonly data: Uint8Array;
}

function headerOf([first]: readonly Chunk[]): Header | undefined {
  if (first?.type !== "IHDR" || first.data.length !== 13) return undefined;
  const view = viewOf(first.data);
  const samples = [1, 0, 3, 1, 2, 0, 4][view.getUint8(9)];
  if (!samples) return undefined;
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    bitsPerPixel: view.getUint8(8) * samples,
    interlaced: view.getUint8(12) === 1,
    data: first.data,
  };
}

function viewOf(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * `cICP` wins over `iCCP`, that over `sRGB`, that over `gAMA` and `cHRM` (4.3). One whose checksum is wrong does not
 * count, as in browsers.
 */
function colourOfPng(
  chunks: readonly Chunk[],
): Pick<Outline, "colour" | "colourBeforeProfile" | "limitedRange"> {
  const first = chunks.findIndex(({ type }) => type === "IDAT" || type === "fdAT");
  const before = first < 0 ? chunks : chunks.slice(0, first);
  const find = (type: string, length: number): Uint8Array | undefined =>
    before.find((chunk) => chunk.type === type && chunk.data.length === length && chunk.intact())?.data;
  const cicp = find("cICP", 4);
  if (cicp && cicp[2] === 0) {
    const [primaries, transfer, matrix, range] = cicp as unknown as [number, number, number, number];
    const colour = colourOf({ primaries, transfer, matrix, fullRange: range === 1 });
    if (colour) return { colour, colourBeforeProfile: true, ...(range === 0 && { limitedRange: true }) };
  }
  const colour = find("sRGB", 1) ? SRGB : colourOfGamma(find("gAMA", 4), find("cHRM", 32));
  return colour ? { colour } : {};
}

/**
 * `gAMA` and `cHRM`. The exponent 1/2.2 alone means sRGB, because encoders write it for that (11.3.2.5). With other
 * primaries, and for any other exponent, it counts literally.
 */
function colourOfGamma(gama: Uint8Array | undefined, chrm: Uint8Array | undefined): Colour | undefined {
  const exponent = gama ? 100_000 / viewOf(gama).getUint32(0) : undefined;
  const primaries = chrm && primariesOf(chrm);
  const curve = exponent !== undefined && exponent >= 0.1 && exponent <= 10 ? exponent : undefined;
  if (!primaries && (curve === undefined || Math.abs(curve - 2.2) < 0.02)) return undefined;
  try {
    const of = curve === undefined ? srgb : gamma(curve);
    return {
      name: [primaries && "primaries of its own", curve && `gamma ${Number(curve.toFixed(2))}`]
        .filter(Boolean)
        .join(" and "),
      curves: [of, of, of],
      matrix: toSrgbMatrix(primaries ?? SRGB_PRIMARIES),
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** `undefined` if they are those of sRGB. */
function primariesOf(chrm: Uint8Array): Primaries | undefined {
  const view = viewOf(chrm);
  const point = (i: number): [number, number] => [
    view.getUint32(8 * i) / 1e5,
    view.getUint32(8 * i + 4) / 1e5,
  ];
  const [white, red, green, blue] = [point(0), point(1), point(2), point(3)] as const;
  const near = (a: readonly number[], b: readonly number[]): boolean =>
    a.every((value, i) => Math.abs(value - b[i]!) < 0.002);
  const same = (["white", "red", "green", "blue"] as const).every((name, i) =>
    near(point(i), SRGB_PRIMARIES[name]),
  );
  return same ? undefined : { white, red, green, blue };
}

/** Frames of an animation (4.9); 1 for a still picture. */
function framesOf(chunks: readonly Chunk[]): number {
  const animated = chunks.some(({ type, data }) => type === "acTL" && data.length === 8);
  return animated ? Math.max(1, chunks.filter(({ type }) => type === "fcTL").length) : 1;
}

/** The first frame as a file of its own, if the default image does not belong to the animation. */
function firstFrame(
  chunks: readonly Chunk[],
  header: Header,
): Pick<Outline, "bytes" | "frames" | "window" | "orientation" | "turned"> | undefined {
  const still = chunks.findIndex(({ type }) => type === "IDAT");
  const control = chunks.findIndex(({ type }) => type === "fcTL");
  const frames = framesOf(chunks);
  if (still < 0 || control < still || !chunks.slice(0, still).some(({ type }) => type === "acTL"))
    return undefined;
  const { data } = chunks[control]!;
  if (data.length !== 26) return undefined;
  const view = viewOf(data);
  const frame = {
    width: view.getUint32(4),
    height: view.getUint32(8),
    x: view.getUint32(12),
    y: view.getUint32(16),
  };
  if (frame.x + frame.width > header.width || frame.y + frame.height > header.height)
    throw damaged("image/png", `its first frame reaches beyond its ${header.width}×${header.height} pixels`);
  const end = chunks.findIndex(({ type }, i) => i > control && type !== "fdAT");
  const parts = chunks.slice(control + 1, end < 0 ? chunks.length : end);
  if (parts.length === 0 || parts.some(({ whole }) => !whole))
    throw damaged("image/png", "its first frame is not whole");
  const own = Uint8Array.from(header.data);
  viewOf(own).setUint32(0, frame.width);
  viewOf(own).setUint32(4, frame.height);
  const fills = frame.width === header.width && frame.height === header.height;
  // the decoder would turn the frame before it is put on the canvas
  const orientation = fills ? 1 : orientationOf(chunks.slice(0, still));
  const shared = chunks.slice(1, still).filter(({ type }) => type !== "acTL" && (fills || type !== "eXIf"));
  const bytes = fileOf([
    { type: "IHDR", data: own },
    ...shared,
    ...parts.map((part) => ({ type: "IDAT", data: part.data.subarray(4) })),
  ]);
  return {
    bytes,
    frames,
    ...(!fills && { window: { width: header.width, height: header.height, frame } satisfies Window }),
    ...(orientation > 1 && {
      orientation,
      turned: (image: Image) => afterTurns(image, EXIF_TURNS[orientation - 1]!),
    }),
  };
}

/** That of EXIF, 1–8; 1 if there is none. */
function orientationOf(chunks: readonly Chunk[]): number {
  const exif = chunks.find(({ type, intact }) => type === "eXIf" && intact());
  const [stated = 1] = exif ? new Directory(exif.data).numbers(274) : [];
  return EXIF_TURNS[stated - 1] ? stated : 1;
}

function fileOf(chunks: readonly { readonly type: string; readonly data: Uint8Array }[]): Uint8Array {
  const parts = [...chunks, { type: "IEND", data: new Uint8Array(0) }].map(({ type, data }) =>
    chunkOf(type, data),
  );
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts]);
}

function chunkOf(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, "latin1");
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4);
  return chunk;
}

/** A file whose end is missing: closed again if all rows are there, refused otherwise. */
function mended(
  bytes: Uint8Array,
  chunks: readonly Chunk[],
  header: Header,
): Pick<Outline, "bytes" | "notes"> {
  const last = chunks.at(-1)!;
  if (last.type === "IEND") return { bytes, notes: last.whole ? [] : [END_MISSING] };
  if (last.whole && last.type !== "IDAT") return { bytes, notes: [END_MISSING] };
  const rows = rowsOf(chunks, header, false);
  return { bytes: withRows(chunks, rows), notes: [END_MISSING] };
}

/**
 * Repairs a file that libpng refuses and that has all its pixels. A PNG has checksums of its chunks, and one of its
 * pixels; one of the two kinds has to be right. `undefined` if it is not such a file. Throws `bad-image` if it lacks
 * pixels.
 */
function repaired(bytes: Uint8Array): Pick<Outline, "bytes" | "notes"> | undefined {
  const chunks = chunksOf(bytes);
  const header = headerOf(chunks);
  const others = chunks.filter(({ type }) => type !== "IDAT");
  if (!header || chunks.at(-1)?.type !== "IEND" || others.some((chunk) => !chunk.intact())) return undefined;
  if (chunks.every((chunk) => chunk.intact())) {
    const rows = rowsOf(chunks, header, false);
    return { bytes: withRows(chunks, rows), notes: ["its pixels have no checksum, and are all there"] };
  }
  const rows = rowsOf(chunks, header, true);
  return { bytes: withRows(chunks, rows), notes: ["a checksum is wrong, but that of its pixels is right"] };
}

/** All rows with their filter bytes. Throws `bad-image` if some are not there. @param checked by their checksum */
function rowsOf(chunks: readonly Chunk[], header: Header, checked: boolean): Buffer {
  const pixels = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  if (pixels.length === 0) throw damaged("image/png", "it ends before its pixels");
  const { rowBytes, total } = sizeOf(header);
  let rows: Buffer;
  try {
    rows = inflateSync(Buffer.concat(pixels), {
      finishFlush: checked ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
      maxOutputLength: total + 65536,
    });
  } catch (cause) {
    throw damaged("image/png", "its pixels cannot be unpacked", cause);
  }
  if (rows.length >= total) return rows.subarray(0, total);
  const there = header.interlaced
    ? `${Math.floor((100 * rows.length) / total)} % of its pixels are there`
    : `${Math.floor(rows.length / rowBytes)} of its ${header.height} rows are there`;
  throw damaged("image/png", `it ends too soon, ${there}`);
}

/** The file with these rows, and the chunks before them that are whole. */
function withRows(chunks: readonly Chunk[], rows: Buffer): Uint8Array {
  const first = chunks.findIndex(({ type }) => type === "IDAT");
  const before = chunks.slice(0, first).filter(({ whole }) => whole);
  return fileOf([...before, { type: "IDAT", data: deflateSync(rows, { level: 1 }) }]);
}

/** The bytes of a row with its filter byte, and of all rows of all passes (7.2, 8.1). */
function sizeOf({ width, height, bitsPerPixel, interlaced }: Header): { rowBytes: number; total: number } {
  const row = (pixels: number): number => (pixels > 0 ? 1 + Math.ceil((pixels * bitsPerPixel) / 8) : 0);
  if (!interlaced) return { rowBytes: row(width), total: row(width) * height };
  const passes = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ] as const;
  const total = passes.reduce(
    (sum, [x, y, dx, dy]) =>
      sum + row(Math.ceil((width - x) / dx)) * Math.max(0, Math.ceil((height - y) / dy)),
    0,
  );
  return { rowBytes: row(width), total };
}
