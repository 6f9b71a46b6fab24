/** Samples as a decoder returns them: row by row, and for each pixel channel by channel. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  /** Channels of a pixel. Grey or RGB comes first. */
  readonly bands: number;
  readonly data: SampleArray;
  /** Channels of colour. */
  readonly colours: 1 | 3;
  /** The channel of alpha, if there is one. */
  readonly alpha?: number;
  /** The sample values of black and white. */
  readonly range: Range;
  /** Those of alpha; `range` by default. */
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

/** Divides colours by alpha, which they were multiplied with. Fully transparent pixels become black. */
export function unpremultiplied(samples: Samples): Samples {
  const { data, bands, colours, alpha, range, alphaRange = range } = samples;
  if (alpha === undefined) return samples;
  const straight = data.slice();
  for (let i = 0; i < data.length; i += bands) {
    const opacity = (data[i + alpha]! - alphaRange.black) / (alphaRange.white - alphaRange.black);
    for (let c = i; c < i + colours; c++) {
      const value = opacity > 0 ? range.black + (data[c]! - range.black) / opacity : range.black;
      straight[c] = data instanceof Float32Array ? value : Math.round(Math.min(value, alphaRange.white));
    }
  }
  return { ...samples, data: straight };
}

/** Names of sample types in libvips. */
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

/** Reads bytes from libvips as numbers, without a copy if memory is aligned. */
export function numbers(bytes: Buffer, depth: Depth): SampleArray {
  const type = ARRAYS[depth];
  const size = type.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new type(aligned.buffer as ArrayBuffer, aligned.byteOffset, bytes.length / size);
}

/** How samples that are neither 8-bit nor unsigned 16-bit numbers are read. */
export interface Reading {
  readonly range: Range;
  /** Whether they are linear light, as written by renderers and cameras, instead of levels of a screen. */
  readonly light: boolean;
  /** A note for people. */
  readonly note: string;
}

/**
 * How samples that are neither 8-bit nor unsigned 16-bit numbers are read, from their values:
 * 1. Whole numbers of 0–255 are 8-bit levels, even in a type that could hold more.
 * 2. Floats of 0–1 are levels if they are grey. In RGB they are linear light (scRGB, as Photoshop writes 32 bits), and
 *    larger ones are highlights.
 * 3. Integers that reach an eighth of what their type can hold are read over the whole range of the type.
 * 4. All others are stretched: the least is black, the greatest white.
 * NaN is black.
 */
export function readingOf(data: SampleArray, bands: number, colours: 1 | 3): Reading {
  const { least, greatest, whole } = extentOf(data, bands, colours);
  const as = (black: number, white: number, note: string, light = false): Reading => ({
    range: { black, white },
    note,
    light,
  });
  const float = data instanceof Float32Array;
  const type = `${8 * data.BYTES_PER_ELEMENT}-bit ${float ? "float" : "integer"} samples`;
  const [from, to] = float ? [-Infinity, Infinity] : LIMITS[data.constructor.name]!;
  const codes = whole && to >= 255 && least >= 0 && greatest > 1 && greatest <= 255;
  if (codes) return as(0, 255, `${type} taken for levels of 0 to 255`);
  if (float && least >= 0 && greatest <= 1 && colours === 1)
    return as(0, 1, `${type} of 0 to 1 taken for levels`);
  if (float && colours === 3 && least >= -0.5 && greatest <= 100)
    return as(0, 1, `${type} taken for light`, true);
  if (!float && (greatest >= to / 8 || least < from / 8)) {
    const black = least < 0 ? from : 0;
    return as(black, to, `${type} taken from ${black} to ${to}`);
  }
  if (least === greatest) return as(least - 0.5, least + 0.5, `${type} that are all ${least} became grey`);
  return as(least, greatest, `${type} stretched from ${short(least)} to ${short(greatest)}`);
}

/**
 * The range of alpha: 0 is transparent. Opaque is the greatest number of an integer type; for floats it is 1, or 255 or
 * 65535 if there are larger values.
 */
export function alphaRangeOf(data: SampleArray, bands: number, alpha: number): Range {
  if (!(data instanceof Float32Array)) return { black: 0, white: LIMITS[data.constructor.name]![1] };
  let greatest = 0;
  for (let i = alpha; i < data.length; i += bands) greatest = Math.max(greatest, data[i]! || 0);
  return { black: 0, white: greatest > 1 ? (greatest <= 255 ? 255 : 65535) : 1 };
}

const LIMITS: Readonly<Record<string, readonly [number, number]>> = {
  Uint8Array: [0, 255],
  Uint16Array: [0, 65535],
  Int8Array: [-128, 127],
  Int16Array: [-32768, 32767],
  Uint32Array: [0, 4294967295],
  Int32Array: [-2147483648, 2147483647],
};

function extentOf(
  data: SampleArray,
  bands: number,
  colours: number,
): { least: number; greatest: number; whole: boolean } {
  let [least, greatest, whole] = [Infinity, -Infinity, true];
  for (let i = 0; i < data.length; i += bands) {
    for (let c = 0; c < colours; c++) {
      const value = data[i + c]!;
      if (!Number.isFinite(value)) continue;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
      whole &&= Number.isInteger(value);
    }
  }
  return least <= greatest ? { least, greatest, whole } : { least: 0, greatest: 0, whole: true };
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
