import { QUALITIES } from "./architecture.ts";
import { ZippyNetError } from "./errors.ts";
import { MAX_SIDE, MIN_SIDE } from "./image.ts";

/**
 * The `.zn` container, at most four bytes around the payload for an image of a common size:
 *
 * ```
 * byte 0   tag      1 0 k k s s s s    k kind: 0 latents; others see `file.ts`
 *                                      s size: 0–14 the square of SQUARES[s] pixels, 15 stated below
 * byte 1   model    0–255, not 80      the exact weights and tables; 192–255 are users' own
 * byte 2   quality  g q q q q q q q    g grey picture; q quality, 1–100
 * byte 3   check    0–255              of the header and the decoded latents, see `check.ts`
 * [width, height]   if s = 15: varints (LEB128, low 7 bits first), 8–1024, in the fewest bytes,
 *                   and not a square of the list
 * payload           to the end of the file
 * ```
 *
 * Everything else is illegal and refused. There is no byte order: no field spans bytes but the varints.
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

/** A number that no model has: with it, a PNG's first bytes (89 50 4e 47) would be a legal header. */
export const RESERVED_MODEL = 80;

const VERSION = 0b10;
const STATED_SIZE = 15;

export function writeContainer(header: Header, check: number, payload: Uint8Array): Uint8Array {
  const { model, quality, grey, width, height } = header;
  const square = width === height ? SQUARES.indexOf(width as (typeof SQUARES)[number]) : -1;
  const head = [
    (VERSION << 6) | (square < 0 ? STATED_SIZE : square),
    model,
    (grey ? 128 : 0) | quality,
    check,
    ...(square < 0 ? [...varint(width), ...varint(height)] : []),
  ];
  const file = new Uint8Array(head.length + payload.length);
  file.set(head);
  file.set(payload, head.length);
  return file;
}

/** Takes a file apart; throws `bad-file` if it is not a legal container. Reads the header only, whatever the length. */
export function readContainer(file: Uint8Array): { header: Header; check: number; payload: Uint8Array } {
  if (file.length < 4) throw notZn(`expected at least 4 bytes, got ${file.length}`);
  const [tag, model, second, check] = [file[0]!, file[1]!, file[2]!, file[3]!];
  if (tag >>> 6 !== VERSION) {
    throw notZn(`expected a first byte of 0x80–0xbf, got 0x${tag.toString(16).padStart(2, "0")}`);
  }
  const kind = (tag >>> 4) & 3;
  if (kind !== 0) throw notZn(`expected latents, kind 0, got kind ${kind}`);
  if (model === RESERVED_MODEL) {
    throw notZn(`expected another model than ${RESERVED_MODEL}, which is reserved: a PNG starts like this`);
  }
  const quality = second & 127;
  if (quality < 1 || quality > QUALITIES) throw notZn(`expected a quality of 1–${QUALITIES}, got ${quality}`);
  const reader = { file, at: 4 };
  const code = tag & 15;
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

function notZn(why: string): ZippyNetError {
  return new ZippyNetError("bad-file", `not a .zn file: ${why}`);
}
