import { MAX_SIDE, MIN_SIDE, type Orientation } from "../image.ts";
import { QUALITIES } from "../target.ts";
import { joined, notZn } from "./bytes.ts";

/**
 * The `.zn` container of latents: three bytes before the payload for a square of a common size and one of the first
 * models,
 *
 * ```
 * byte 0   tag      m m m m s s s s    m 11–15: model 5, 1, 2, 3, 4; s size: the square of SQUARES[s] pixels, 0–14
 * byte 1   quality  g q q q q q q q    g grey picture; q quality, 1–100
 * byte 2   check    0–255              of the header and the decoded latents, see `checkByte`
 * payload           to the end of the file
 * ```
 *
 * four for another model, and up to eight for another size:
 *
 * ```
 * byte 0   tag      1 0 0 0 s s s s    s size: as above, or 15: stated below
 * byte 1   model    1–255, not 80      the exact weights and tables; 192–255 are users' own
 * byte 2   quality  as above
 * byte 3   check    as above
 * [width, height]   if s = 15: varints (LEB128, low 7 bits first), 8–1024, in the fewest bytes,
 *                   and not a square of the list
 * payload           to the end of the file
 * ```
 *
 * What fits the first form must take it. Everything else is illegal and refused; for tags 9x and ax see `zn-file.ts`.
 * There is no byte order: no field spans bytes but the varints.
 *
 * Reserved for later versions: model 0 and the tag `bf`. Reserved so that other files are not taken for `.zn`: model
 * 80, and what compiled Python modules begin with (any byte, 0d 0d 0a, then 00, 01 or 03, then 00 00 00).
 */
export interface Header {
  readonly model: number;
  readonly quality: number;
  readonly grey: boolean;
  readonly width: number;
  readonly height: number;
}

/** Media type of a `.zn` file. */
export const MEDIA_TYPE = "image/x-zippynet";

/** Sides of the square images whose size is part of the tag. */
export const SQUARES = [16, 24, 32, 40, 42, 48, 64, 72, 80, 96, 100, 128, 160, 200, 256] as const;

/** Numbers that no model has. */
export const RESERVED_MODELS = {
  /** For a later version of the format, in which an identifier of the model follows the header. */
  identifierFollows: 0,
  /** With it, a PNG's first bytes (89 50 4e 47) would be a legal header. */
  png: 80,
} as const;
/** A tag that is kept for a later version of the format: extension chunks (type, length, content) before a file. */
const EXTENSION_TAG = 0xbf;

/** Models 1 to 5 have the short form. */
const SHORT_MODELS = 5;
/** The short tags of model 5, those of models 1 to 4 follow. */
const SHORT_TAG = 0xb0;
const LONG_TAG = 0x80;
const STATED_SIZE = 15;

export function writeLatentsFile(
  header: Header,
  check: number,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { model, quality, grey, width, height } = header;
  const square = width === height ? SQUARES.indexOf(width as (typeof SQUARES)[number]) : -1;
  const tail = [(grey ? 128 : 0) | quality, check];
  const head = hasShortForm(model, square)
    ? [SHORT_TAG + ((model % SHORT_MODELS) << 4) + square, ...tail]
    : [LONG_TAG | (square < 0 ? STATED_SIZE : square), model, ...tail];
  if (square < 0) head.push(...varint(width), ...varint(height));
  return joined(Uint8Array.from(head), payload);
}

function hasShortForm(model: number, square: number): boolean {
  return model >= 1 && model <= SHORT_MODELS && square >= 0;
}

/** Takes a file apart; throws `bad-file` if it is not a legal container. Reads the header only, whatever the length. */
export function readLatentsFile(file: Uint8Array): { header: Header; check: number; payload: Uint8Array } {
  const tag = file[0] ?? 0;
  const short = tag >= SHORT_TAG;
  const least = checkIndex(tag) + 1;
  if (file.length < least) throw notZn(`expected at least ${least} bytes, got ${file.length}`);
  if (tag === EXTENSION_TAG)
    throw notZn("expected no extension chunk (tag 0xbf), which is of a later version");
  if (tag < LONG_TAG || (tag > (LONG_TAG | STATED_SIZE) && !short)) {
    throw notZn(
      `expected a first byte of latents, 0x80–0x8f or 0xb0–0xfe, got 0x${tag.toString(16).padStart(2, "0")}`,
    );
  }
  const code = tag & 15;
  const model = short ? (tag - SHORT_TAG) >> 4 || SHORT_MODELS : file[1]!;
  const reader = { file, at: short ? 1 : 2 };
  const second = file[reader.at++]!;
  const check = file[reader.at++]!;
  assertModel(model);
  if (isPythonModule(file)) throw notZn("expected latents, got a compiled Python module");
  if (short && code === STATED_SIZE) throw notZn("expected a listed size in the short form, got 15");
  if (!short && code !== STATED_SIZE && hasShortForm(model, code)) {
    throw notZn(`expected the short form of model ${model} at ${SQUARES[code]!} pixels`);
  }
  const quality = second & 127;
  if (quality < 1 || quality > QUALITIES) throw notZn(`expected a quality of 1–${QUALITIES}, got ${quality}`);
  let [width, height] = [SQUARES[code]!, SQUARES[code]!] as [number, number];
  if (code === STATED_SIZE) {
    width = readSide(reader, "width");
    height = readSide(reader, "height");
    if (width === height && SQUARES.some((side) => side === width)) {
      throw notZn(`${width}×${height} is stated where the tag must imply it`);
    }
  }
  return {
    header: { model, quality, grey: second >= 128, width, height },
    check,
    payload: file.subarray(reader.at),
  };
}

/** Throws `bad-file` if no model may have a number. */
function assertModel(model: number): void {
  if (model === RESERVED_MODELS.png)
    throw notZn(`expected another beginning than a PNG has, for which model ${model} is reserved`);
  if (model === RESERVED_MODELS.identifierFollows)
    throw notZn(`expected a model of 1–255, got ${model}, which is reserved for a later version`);
}

/**
 * Whether a file is a Python module's cache (PEP 552): two bytes of version and 0d 0a, then a word of flags, 0, 1 or 3.
 */
function isPythonModule(file: Uint8Array): boolean {
  return (
    file[1] === 13 &&
    file[2] === 13 &&
    file[3] === 10 &&
    [0, 1, 3].includes(file[4]!) &&
    file[5] === 0 &&
    file[6] === 0 &&
    file[7] === 0
  );
}

/** Index of the check byte in a file of latents, by its tag. */
export function checkIndex(tag: number): number {
  return tag >= SHORT_TAG ? 2 : 3;
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, value >>> 7];
}

function readSide(reader: { file: Uint8Array; at: number }, name: string): number {
  const low = reader.file[reader.at++];
  let side: number | undefined = low;
  if (low !== undefined && low >= 128) {
    const high = reader.file[reader.at++];
    if (high === 0 || (high !== undefined && high >= 128))
      throw notZn(`the ${name} is not a varint of its shortest form`);
    side = high === undefined ? undefined : (low & 127) | (high << 7);
  }
  if (side === undefined) throw notZn(`the file ends within the ${name}`);
  if (side < MIN_SIDE || side > MAX_SIDE) {
    throw notZn(`expected a ${name} of ${MIN_SIDE}–${MAX_SIDE} pixels, got ${side}`);
  }
  return side;
}

/**
 * The check byte: FNV-1a of 32 bits (Fowler, Noll and Vo; RFC 9923) over model, quality with grey bit, width and height
 * (two bytes each, low first), orientation and every `y_hat` in 32nds (two bytes each, two's complement, low first, in
 * the order row, column, channel), its four bytes xored into one. It covers what was decoded rather than what was read,
 * so it also reveals a decoder that does not compute the prior exactly. One damaged file in 256 passes it.
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
