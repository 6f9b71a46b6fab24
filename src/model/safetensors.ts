import { ZippyNetError } from "../codec/errors.ts";

/**
 * The safetensors container (huggingface/safetensors, "Format"): a 64-bit little-endian length, a JSON header of
 * that length naming type, shape and byte range of every tensor, then the data. Models are stored in it, so that any
 * tool can open them. Half-precision tensors come and go as Float32Array.
 */
export interface SafeArrays {
  F16: Float32Array;
  F32: Float32Array;
  I8: Int8Array;
  U8: Uint8Array;
  U16: Uint16Array;
  I32: Int32Array;
}

export type DType = keyof SafeArrays;

export type SafeTensor = {
  [D in DType]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: SafeArrays[D] };
}[DType];

export type SafeTensors = ReadonlyMap<string, SafeTensor>;

interface Entry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const BYTES = { F16: 2, F32: 4, I8: 1, U8: 1, U16: 2, I32: 4 } as const;

/** Throws `bad-model` if the bytes are not a safetensors file of the types above. */
export function readSafetensors(bytes: Uint8Array): SafeTensors {
  const { entries, body } = readHeader(bytes);
  const tensors = new Map<string, SafeTensor>();
  for (const [name, entry] of entries) {
    if (!Array.isArray(entry?.shape) || !Array.isArray(entry.data_offsets)) {
      throw bad(`${name}: expected dtype, shape and data_offsets`);
    }
    const { dtype, shape, data_offsets: offsets } = entry;
    const count = shape.reduce((a, b) => a * b, 1);
    if (!(dtype in BYTES)) throw bad(`${name} has the type ${dtype}, expected one of ${Object.keys(BYTES)}`);
    const [from, to] = offsets;
    if (to - from !== count * BYTES[dtype] || from < 0 || to > body.length) {
      throw bad(`${name}: expected ${count * BYTES[dtype]} bytes for ${dtype} [${shape}], got ${to - from}`);
    }
    // a copy, so that typed arrays are aligned (not `slice`: Node's Buffer shares its memory there)
    const data = new Uint8Array(body.subarray(from, to)).buffer;
    tensors.set(name, typed(dtype, shape, data));
  }
  assertNoHoles(entries, body.length);
  return tensors;
}

/** Throws unless the tensors fill the data, without holes and without sharing bytes, as the format asks. */
function assertNoHoles(entries: readonly [string, Entry][], length: number): void {
  const ranges = entries.map(([name, { data_offsets }]) => [name, ...data_offsets] as const);
  ranges.sort(([, a, aEnd], [, b, bEnd]) => a - b || aEnd - bEnd);
  let at = 0;
  for (const [name, from, to] of ranges) {
    if (from !== at) throw bad(`${name}: expected data from ${at} on, got ${from}`);
    at = to;
  }
  if (at !== length) throw bad(`expected ${at} bytes of data, got ${length}`);
}

export function writeSafetensors(tensors: SafeTensors): Uint8Array {
  const header: Record<string, Entry> = {};
  const parts: Uint8Array[] = [];
  let at = 0;
  // widest types first, as the format's own writer does: everything stays aligned
  const sorted = [...tensors].sort(([, a], [, b]) => BYTES[b.dtype] - BYTES[a.dtype]);
  for (const [name, { dtype, shape, data }] of sorted) {
    const stored = dtype === "F16" ? toHalf(data) : data;
    const part = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
    header[name] = { dtype, shape, data_offsets: [at, at + part.length] };
    parts.push(part);
    at += part.length;
  }
  let json = JSON.stringify(header);
  json += " ".repeat((8 - (json.length % 8)) % 8);
  const head = new TextEncoder().encode(json);
  const file = new Uint8Array(8 + head.length + at);
  new DataView(file.buffer).setBigUint64(0, BigInt(head.length), true);
  file.set(head, 8);
  let to = 8 + head.length;
  for (const part of parts) {
    file.set(part, to);
    to += part.length;
  }
  return file;
}

function readHeader(bytes: Uint8Array): { entries: [string, Entry][]; body: Uint8Array } {
  if (bytes.length < 8) throw bad(`expected at least 8 bytes, got ${bytes.length}`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8) throw bad(`expected a header of ${length} bytes, got ${bytes.length - 8}`);
  try {
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
      string,
      Entry
    >;
    const entries = Object.entries(header).filter(([name]) => name !== "__metadata__");
    return { entries, body: bytes.subarray(8 + length) };
  } catch (cause) {
    throw new ZippyNetError("bad-model", "not a safetensors file: its header is not JSON", { cause });
  }
}

function typed(dtype: DType, shape: readonly number[], data: ArrayBuffer): SafeTensor {
  switch (dtype) {
    case "F16":
      return { dtype, shape, data: fromHalf(new Uint16Array(data)) };
    case "F32":
      return { dtype, shape, data: new Float32Array(data) };
    case "I8":
      return { dtype, shape, data: new Int8Array(data) };
    case "U8":
      return { dtype, shape, data: new Uint8Array(data) };
    case "U16":
      return { dtype, shape, data: new Uint16Array(data) };
    case "I32":
      return { dtype, shape, data: new Int32Array(data) };
  }
}

function bad(why: string): ZippyNetError {
  return new ZippyNetError("bad-model", `not a safetensors file: ${why}`);
}

/** IEEE 754 half precision, by hand: Float16Array is younger than the browsers and Nodes that decode. */
export function fromHalf(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/** Rounds to nearest, ties to even; values beyond ±65504 become infinite. */
export function toHalf(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, (value) => {
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    const magnitude = Math.abs(value);
    if (Number.isNaN(value)) return 0x7e00;
    if (magnitude >= 65520) return sign | 0x7c00;
    // halves are multiples of 2^-24 below 2^-14, then of 2^(exponent − 10)
    const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 2 ** -24)));
    const units = roundHalfEven(magnitude * 2 ** (10 - exponent));
    // a carry out of the fraction runs into the exponent, as it should
    return sign | (((exponent + 14) << 10) + units);
  });
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
