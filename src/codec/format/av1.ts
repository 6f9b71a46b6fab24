import type { ZippyNetError } from "../errors.ts";
import { notZn } from "./bytes.ts";

/** What the sequence header of an AV1 still picture says. */
export interface Av1Sequence {
  readonly width: number;
  readonly height: number;
  readonly profile: number;
  readonly level: number;
  readonly monochrome: boolean;
  /** 1 if chroma is halved. */
  readonly subsamplingX: number;
  readonly subsamplingY: number;
  readonly chromaSamplePosition: number;
}

const SEQUENCE_HEADER = 1;
/** Of `matrix_coefficients`. */
const IDENTITY = 0;

/**
 * Reads the sequence header that a payload begins with (AV1 specification, §5.3 and §5.5): that of a still picture of 8
 * bits with the reduced header, as AVIF encoders write it. Throws `bad-file` for anything else.
 */
export function av1Sequence(payload: Uint8Array): Av1Sequence {
  const bits = new Bits(payload);
  bits.expect(0, 1, "forbidden bit");
  bits.expect(SEQUENCE_HEADER, 4, "type of the first OBU");
  bits.expect(0, 1, "extension flag");
  bits.expect(1, 1, "size flag");
  bits.read(1 + 8); // reserved; a size of under 128
  const profile = bits.read(3);
  if (profile > 1) throw unexpected("profile", "0 or 1", profile);
  bits.expect(1, 1, "still_picture");
  bits.expect(1, 1, "reduced_still_picture_header");
  const level = bits.read(5);
  const [widthBits, heightBits] = [bits.read(4) + 1, bits.read(4) + 1];
  const [width, height] = [bits.read(widthBits) + 1, bits.read(heightBits) + 1];
  bits.read(3 + 3); // tools: superblocks, filter_intra, intra_edge; superres, cdef, restoration
  bits.expect(0, 1, "high_bitdepth");
  const monochrome = profile === 0 && bits.read(1) === 1;
  const matrix = bits.read(1) === 1 ? bits.read(24) & 255 : undefined;
  if (matrix === IDENTITY) throw unexpected("matrix_coefficients", "those of YCbCr", matrix);
  bits.read(1); // color_range
  const subsampling = profile === 0 ? 1 : 0;
  const chromaSamplePosition = profile === 0 && !monochrome ? bits.read(2) : 0;
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

/** Bits from the most significant on. */
class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
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

function unexpected(name: string, expected: string, got: number): ZippyNetError {
  return notZn(`expected an AV1 ${name} of ${expected}, got ${got}`);
}
