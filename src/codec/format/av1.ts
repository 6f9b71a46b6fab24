import type { ZippyNetError } from "../errors.ts";
import { notZn } from "./bytes.ts";

/** What the sequence header of an AV1 still picture says. */
export interface Av1Sequence {
  readonly width: number;
  readonly height: number;
  /** 0: 4:2:0 or monochrome; 1: 4:4:4. */
  readonly profile: 0 | 1;
  readonly level: number;
  readonly monochrome: boolean;
  /** 1 if chroma is halved. */
  readonly subsamplingX: 0 | 1;
  readonly subsamplingY: 0 | 1;
  readonly chromaSamplePosition: number;
}

/** Values of `obu_type`. */
const SEQUENCE_HEADER = 1;
const FRAME = 6;
/** Code points of colour (ITU-T H.273): primaries of BT.709, transfer of sRGB, YCbCr matrix of BT.601. */
const [BT709, SRGB, BT601] = [1, 13, 6];
/** Bytes that a size may take (AV1 specification, §4.10.5). */
const MAX_SIZE_BYTES = 8;

/**
 * Parses an AV1 still picture as `.zn` files hold it (AV1 specification, §5.3, §5.5 and §5.9):
 *
 * ```
 * OBU      sequence header    reduced still picture header, 8 bits, profile 0 or 1, colour 1/13/6
 *                             in full range, no film grain
 * OBU      frame              to the end
 * ```
 *
 * Each OBU has a size and no extension. Throws `bad-file` for anything else, bytes after the frame included. The frame
 * itself is not decoded.
 */
export function av1Sequence(picture: Uint8Array): Av1Sequence {
  const header = readUnit(picture, 0, SEQUENCE_HEADER, "sequence header");
  const frame = readUnit(picture, header.end, FRAME, "frame");
  if (frame.end < picture.length)
    throw notZn(`expected no bytes after the AV1 frame, got ${picture.length - frame.end}`);
  return readSequence(picture.subarray(header.start, header.end));
}

/** The content of the OBU that begins at a place. */
function readUnit(
  bytes: Uint8Array,
  at: number,
  type: number,
  name: string,
): { readonly start: number; readonly end: number } {
  const bits = new Bits(bytes.subarray(at, at + 1));
  bits.expect(0, 1, "forbidden bit");
  bits.expect(type, 4, `OBU type (${name})`);
  bits.expect(0, 1, "extension flag");
  bits.expect(1, 1, "size flag");
  bits.expect(0, 1, "reserved bit");
  let size = 0;
  let start = at + 1;
  for (let i = 0; ; i++) {
    const byte = bytes[start++];
    if (byte === undefined) throw notZn(`it ends within the size of its AV1 ${name}`);
    size += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) break;
    if (i + 1 === MAX_SIZE_BYTES) throw unexpected("size", `at most ${MAX_SIZE_BYTES} bytes`, "more");
  }
  if (start + size > bytes.length) throw unexpected(name, `${size} bytes`, bytes.length - start);
  return { start, end: start + size };
}

function readSequence(header: Uint8Array): Av1Sequence {
  const bits = new Bits(header);
  const profile = bits.read(3);
  if (profile !== 0 && profile !== 1) throw unexpected("profile", "0 or 1", profile);
  bits.expect(1, 1, "still_picture");
  bits.expect(1, 1, "reduced_still_picture_header");
  const level = bits.read(5);
  const [widthBits, heightBits] = [bits.read(4) + 1, bits.read(4) + 1];
  const [width, height] = [bits.read(widthBits) + 1, bits.read(heightBits) + 1];
  bits.read(3 + 3); // tools: superblocks, filter_intra, intra_edge; superres, cdef, restoration
  bits.expect(0, 1, "high_bitdepth");
  const monochrome = profile === 0 && bits.read(1) === 1;
  bits.expect(1, 1, "color_description_present_flag");
  bits.expect(BT709, 8, "color_primaries");
  bits.expect(SRGB, 8, "transfer_characteristics");
  bits.expect(BT601, 8, "matrix_coefficients");
  bits.expect(1, 1, "color_range");
  const subsampling = profile === 0 ? 1 : 0;
  const chromaSamplePosition = profile === 0 && !monochrome ? bits.read(2) : 0;
  if (chromaSamplePosition === 3) throw unexpected("chroma_sample_position", "0–2", 3);
  if (!monochrome) bits.read(1); // separate_uv_delta_q
  bits.expect(0, 1, "film_grain_params_present");
  bits.expect(1, 1, "trailing one bit");
  while (bits.left > 0) bits.expect(0, 1, "trailing zero bit");
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

/** Reads bits, the most significant of each byte first. */
class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length * 8 - this.#at;
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++) {
      const byte = this.#bytes[this.#at >> 3];
      if (byte === undefined) throw notZn("it ends within an AV1 header");
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  expect(value: number, count: number, name: string): void {
    const found = this.read(count);
    if (found !== value) throw unexpected(name, String(value), found);
  }
}

function unexpected(name: string, expected: string, got: number | string): ZippyNetError {
  return notZn(`expected an AV1 ${name} of ${expected}, got ${got}`);
}
