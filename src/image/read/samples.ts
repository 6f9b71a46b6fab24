/** Samples as a decoder gives them, band by band within each pixel, row by row. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  /** Of a pixel: grey or RGB first. */
  readonly bands: number;
  readonly data: SampleArray;
  /** Bands of colour. */
  readonly colours: 1 | 3;
  /** The band of alpha, if there is one. */
  readonly alpha?: number;
  /** The samples of black and white. */
  readonly range: Range;
  /** Those of alpha; as `range` unless told. */
  readonly alphaRange?: Range;
}

export interface Range {
  readonly black: number;
  readonly white: number;
}

export type SampleArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array;

/** libvips's names of sample types. */
const ARRAYS = {
  uchar: Uint8Array,
  char: Int8Array,
  ushort: Uint16Array,
  short: Int16Array,
  uint: Uint32Array,
  int: Int32Array,
  float: Float32Array,
} as const;

export type Depth = keyof typeof ARRAYS;

export function isDepth(name: string): name is Depth {
  return Object.hasOwn(ARRAYS, name);
}

/** Bytes from libvips → numbers, without a copy where memory is aligned. */
export function numbers(bytes: Buffer, depth: Depth): SampleArray {
  const type = ARRAYS[depth];
  const size = type.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new type(aligned.buffer as ArrayBuffer, aligned.byteOffset, bytes.length / size);
}
