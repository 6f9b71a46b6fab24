import { av1Sequence } from "./av1.ts";
import { damagedZn, joined, notZn } from "./bytes.ts";
import { avifFile } from "./isobmff.ts";
import { checkIndex, foldedHash, type Header, readLatentsFile } from "./latents-file.ts";
import { webpFile, webpSize } from "./webp.ts";

/**
 * The three kinds of `.zn` files. One holds latents (see `latents-file.ts`). One holds the frame of a classical codec
 * without its container, for pictures that no model codes well. One holds alpha, around a file of one of the other
 * kinds:
 *
 * ```
 * byte 0   tag      1 0 0 1 c c c c    c codec: 0 VP8, 1 AV1, 2 VP8L; others are reserved
 * byte 1   check    0–255              of tag and frame
 * frame             to the end of the file
 *
 * byte 0   tag      1 0 1 0 m n n n    m 0: one byte of length follows, 1: two; n: the length's low 3 bits
 * length   1–2      the higher bits of the length, low byte first
 * alpha    length   a VP8L frame without its first 5 bytes: the picture's size, green is opacity
 * file              of one of the other kinds; its check byte xored with alpha's
 * ```
 */
export type ZnFile = LatentsFile | ClassicalFile;

interface Common {
  readonly width: number;
  readonly height: number;
  /** A VP8L frame without its header: width × height, green is opacity. */
  readonly alpha?: Uint8Array;
}

export interface LatentsFile extends Common {
  readonly kind: "latents";
  readonly header: Header;
  /** The file without alpha, as `decodeImage` takes it. */
  readonly file: Uint8Array;
}

export interface ClassicalFile extends Common {
  readonly kind: ClassicalCodec;
  readonly frame: Uint8Array;
}

/** Classical codecs, by their numbers in the tag. */
const CODECS = ["vp8", "av1", "vp8l"] as const;
export type ClassicalCodec = (typeof CODECS)[number];
export type Kind = ZnFile["kind"];

const CLASSICAL_TAG = 0x90;
const ALPHA_TAG = 0xa0;
/** Most bytes of alpha. */
export const MAX_ALPHA = 2 ** 19 - 1;
const SHORT_ALPHA = 2 ** 11 - 1;

/** Parses a file of any kind. Decodes nothing. Throws `bad-file` if it is not legal. */
export function readZn(bytes: Uint8Array): ZnFile {
  switch (kindBits(bytes)) {
    case CLASSICAL_TAG:
      return readClassical(bytes);
    case ALPHA_TAG:
      return readAlpha(bytes);
    default: {
      const { header } = readLatentsFile(bytes);
      return { kind: "latents", width: header.width, height: header.height, header, file: bytes };
    }
  }
}

/** A file that holds a classical codec's frame. */
export function writeClassical(codec: ClassicalCodec, frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const tag = CLASSICAL_TAG | CODECS.indexOf(codec);
  return joined(Uint8Array.of(tag, foldedHash([tag], frame)), frame);
}

/** A classical frame in its usual container. */
export function classicalImage({ kind, frame }: ClassicalFile): {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
} {
  if (kind === "av1") return { mediaType: "image/avif", bytes: avifFile(frame) };
  return { mediaType: "image/webp", bytes: webpFile({ codec: kind, payload: frame }) };
}

/** A file with alpha, 1 to `MAX_ALPHA` bytes, around one without. */
export function withAlpha(file: Uint8Array, alpha: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = alpha;
  const head =
    length <= SHORT_ALPHA
      ? Uint8Array.of(ALPHA_TAG | (length & 7), length >> 3)
      : Uint8Array.of(ALPHA_TAG | 8 | (length & 7), (length >> 3) & 255, length >> 11);
  return joined(head, alpha, checkedWith(alpha, file));
}

/** What a file says of itself. */
export interface Description {
  readonly width: number;
  readonly height: number;
  readonly kind: Kind;
  readonly alpha: boolean;
  /** Only for latents. */
  readonly model?: number;
  readonly quality?: number;
  readonly grey?: boolean;
}

export function describeFile(file: ZnFile): Description {
  const { width, height, kind } = file;
  if (kind === "latents") {
    const { model, quality, grey } = file.header;
    return { width, height, kind, alpha: file.alpha !== undefined, model, quality, grey };
  }
  const ownAlpha = kind === "vp8l" && webpSize({ codec: kind, payload: file.frame }).alpha;
  return { width, height, kind, alpha: ownAlpha || file.alpha !== undefined };
}

function readAlpha(bytes: Uint8Array): ZnFile {
  const long = (bytes[0]! & 8) !== 0;
  const start = long ? 3 : 2;
  if (bytes.length < start) throw notZn("it ends within the length of its alpha");
  const length = (bytes[0]! & 7) | (bytes[1]! << 3) | (long ? bytes[2]! << 11 : 0);
  if (long && length <= SHORT_ALPHA) throw notZn("the length of its alpha is not in its shortest form");
  if (length === 0 || bytes.length < start + length) {
    throw notZn(`expected ${length} bytes of alpha, got ${bytes.length - start}`);
  }
  const alpha = bytes.subarray(start, start + length);
  const inner = bytes.subarray(start + length);
  if (kindBits(inner) === ALPHA_TAG) throw notZn("there is alpha within alpha");
  const file = readZn(checkedWith(alpha, inner));
  if (file.kind === "vp8l") throw notZn("a VP8L frame has its own alpha");
  return { ...file, alpha };
}

/** A copy of a file whose check byte is xored with that of its alpha. */
function checkedWith(alpha: Uint8Array, file: Uint8Array): Uint8Array {
  const at = kindBits(file) === CLASSICAL_TAG ? 1 : checkIndex(file[0] ?? 0);
  const copy = Uint8Array.from(file);
  if (at < copy.length) copy[at]! ^= foldedHash([], alpha);
  return copy;
}

function readClassical(bytes: Uint8Array): ClassicalFile {
  if (bytes.length < 2) throw notZn(`expected at least 2 bytes, got ${bytes.length}`);
  const [tag, check] = [bytes[0]!, bytes[1]!];
  const kind = CODECS[tag & 15];
  if (!kind) throw notZn(`expected a codec of 0–${CODECS.length - 1}, got ${tag & 15}, which is reserved`);
  const frame = bytes.subarray(2);
  const found = foldedHash([tag], frame);
  if (found !== check) {
    throw damagedZn(`expected check byte ${check}, got ${found}`);
  }
  const { width, height } = kind === "av1" ? av1Sequence(frame) : webpSize({ codec: kind, payload: frame });
  return { kind, width, height, frame };
}

function kindBits(bytes: Uint8Array): number {
  return (bytes[0] ?? 0) & 0xf0;
}
