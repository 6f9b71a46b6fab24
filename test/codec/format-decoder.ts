/**
 * A second decoder, written from `docs/format.md` alone: plain loops over plain numbers, nothing of `src`. It is slow,
 * and proves that the page is enough. Numbers in brackets are sections of the page.
 */
import { createHash } from "node:crypto";

interface Stored {
  dtype: string;
  shape: number[];
  values: number[];
}

interface FormatModel {
  number: number;
  C: number;
  S: number;
  H: number;
  O: number;
  widths: number[];
  blocks: number[];
  prior: Map<string, Stored>;
  synthesis: Map<string, Stored>;
  /** Cumulative frequencies of each scale. */
  tables: number[][];
}

export interface FormatHeader {
  model: number;
  grey: boolean;
  quality: number;
  check: number;
  width: number;
  height: number;
  payload: Uint8Array;
}

/** One latent as it was decoded. */
export interface Step {
  row: number;
  column: number;
  channel: number;
  range: number;
  code: number;
  share: number;
  scale: number;
  mean: number;
  symbol: number;
  yHat: number;
}

/** What the latents hold. */
interface Held {
  orientation: number;
  wide: number;
  high: number;
  /** [rows, columns, C], in 32nds. */
  yHat: Int16Array;
}

export interface FormatPicture extends FormatHeader {
  orientation: number;
  /** [rows, columns, C], in 32nds. */
  yHat: Int16Array;
  /** RGB, row by row. */
  pixels: Uint8Array;
}

const SQUARES = [16, 24, 32, 40, 42, 48, 64, 72, 80, 96, 100, 128, 160, 200, 256];

// biome-ignore format: a table
const COSINE = [
  16, 16, 16, 16, 16, 16, 15, 15, 15, 14, 14, 14, 13, 13, 12, 12,
  11, 11, 10, 10, 9, 8, 8, 7, 6, 5, 5, 4, 3, 2, 2, 1,
  0, -1, -2, -2, -3, -4, -5, -5, -6, -7, -8, -8, -9, -10, -10, -11,
  -11, -12, -12, -13, -13, -14, -14, -14, -15, -15, -15, -16, -16, -16, -16, -16,
  -16, -16, -16, -16, -16, -16, -15, -15, -15, -14, -14, -14, -13, -13, -12, -12,
  -11, -11, -10, -10, -9, -8, -8, -7, -6, -5, -5, -4, -3, -2, -2, -1,
  0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 10, 11,
  11, 12, 12, 13, 13, 14, 14, 14, 15, 15, 15, 16, 16, 16, 16, 16,
];

const clip = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

function refuse(why: string): never {
  throw new Error(`refused: ${why}`);
}

/** [9] The model folder; `read` gives a file of it. */
export function openFormatModel(read: (name: string) => Uint8Array): FormatModel {
  const manifest = JSON.parse(new TextDecoder().decode(read("manifest.json")));
  if (manifest.format !== 3) refuse("format");
  const blob = (name: string) => {
    const { file, bytes, sha256 } = manifest.blobs[name];
    const content = read(file);
    if (content.length !== bytes) refuse("length");
    if (createHash("sha256").update(content).digest("hex") !== sha256) refuse("hash");
    return readBlob(content);
  };
  const prior = blob("prior");
  const frequencies = get(prior, "tables.frequencies").values;
  let at = 0;
  const tables = get(prior, "tables.lengths").values.map((length) => {
    const cum = [0];
    for (let i = 0; i < length; i++) cum.push(cum[i]! + frequencies[at++]!);
    if (cum[length] !== 65536) refuse("table");
    return cum;
  });
  const { latentChannels, slices, prior: widths, synthesis } = manifest.architecture;
  return {
    number: manifest.number,
    C: latentChannels,
    S: slices,
    H: widths.hidden,
    O: manifest.orientations,
    widths: synthesis.widths,
    blocks: synthesis.blocks,
    prior,
    synthesis: blob("g_s"),
    tables,
  };
}

function readBlob(bytes: Uint8Array): Map<string, Stored> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const tensors = new Map<string, Stored>();
  for (const name of Object.keys(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets: offsets } = header[name];
    const values: number[] = [];
    const from = 8 + length + offsets[0];
    const to = 8 + length + offsets[1];
    const size = Number(dtype.slice(1)) / 8;
    for (let p = from; p < to; p += size) {
      if (dtype === "F32") values.push(view.getFloat32(p, true));
      else if (dtype === "I32") values.push(view.getInt32(p, true));
      else if (dtype === "U16") values.push(view.getUint16(p, true));
      else if (dtype === "U8") values.push(view.getUint8(p));
      else if (dtype === "I8") values.push(view.getInt8(p));
      else if (dtype === "F16") values.push(view.getFloat16(p, true));
      else refuse(`type ${dtype}`);
    }
    tensors.set(name, { dtype, shape, values });
  }
  return tensors;
}

function get(blob: Map<string, Stored>, name: string): Stored {
  return blob.get(name) ?? refuse(`no tensor ${name}`);
}

/** [1] Container. */
export function readFormatHeader(file: Uint8Array): FormatHeader {
  if (file.length < 3) refuse("fewer than 3 bytes");
  const tag = file[0]!;
  const size = tag & 15;
  const short = tag >= 0xb0;
  if (!short && tag >> 4 !== 8) refuse("tag");
  if (!short && file.length < 4) refuse("fewer than 4 bytes");
  if (short && size === 15) refuse("stated size in the short form");
  const model = short ? [5, 1, 2, 3, 4][(tag >> 4) - 11]! : file[1]!;
  if (!short && size < 15 && model >= 1 && model <= 5) refuse("has a short form");
  if (model === 80 || model === 0) refuse(`model ${model}`);
  const [, b1, b2, b3, b4, b5, b6, b7] = file;
  if (
    b1 === 13 &&
    b2 === 13 &&
    b3 === 10 &&
    (b4 === 0 || b4 === 1 || b4 === 3) &&
    b5 === 0 &&
    b6 === 0 &&
    b7 === 0
  )
    refuse("a Python module");
  let at = short ? 1 : 2;
  const second = file[at++]!;
  const check = file[at++]!;
  const quality = second & 127;
  if (quality < 1 || quality > 100) refuse("quality");
  const varint = () => {
    let value = file[at++] ?? refuse("short");
    if (value >= 128) {
      const high = file[at++] ?? refuse("short");
      if (high === 0 || high >= 128) refuse("varint");
      value = value - 128 + high * 128;
    }
    if (value < 8 || value > 1024) refuse("side");
    return value;
  };
  const width = size < 15 ? SQUARES[size]! : varint();
  const height = size < 15 ? SQUARES[size]! : varint();
  if (size === 15 && width === height && SQUARES.includes(width)) refuse("stated square");
  return {
    model,
    grey: second >= 128,
    quality,
    check,
    width,
    height,
    payload: file.slice(at),
  };
}

/** [2] Range decoder. */
class Coder {
  range = 2 ** 32 - 1;
  code = 0;
  reads = 0;
  payload: Uint8Array;

  constructor(payload: Uint8Array) {
    this.payload = payload;
    for (let i = 0; i < 4; i++) this.code = this.code * 256 + this.next();
    if (this.code === 2 ** 32 - 1) refuse("start");
  }

  next(): number {
    const byte = this.reads < this.payload.length ? this.payload[this.reads]! : 0;
    this.reads++;
    return byte;
  }

  share(): number {
    return Math.min(65535, Math.floor(this.code / Math.floor(this.range / 65536)));
  }

  consume(cum: number, freq: number): void {
    const r = Math.floor(this.range / 65536);
    this.code -= r * cum;
    this.range = cum + freq === 65536 ? this.range - r * cum : r * freq;
    while (this.range < 2 ** 24) {
      this.code = this.code * 256 + this.next();
      this.range *= 256;
    }
  }

  bit(): number {
    const bit = this.share() >= 32768 ? 1 : 0;
    this.consume(32768 * bit, 32768);
    return bit;
  }

  /** [3] */
  symbol(cum: number[]): number {
    const entries = cum.length - 1;
    const K = (entries - 2) / 2;
    const share = this.share();
    let entry = 0;
    while (cum[entry + 1]! <= share) entry++;
    this.consume(cum[entry]!, cum[entry + 1]! - cum[entry]!);
    if (entry < entries - 1) return entry - K;
    const sign = this.bit();
    let z = 0;
    while (this.bit() === 0) if (++z > 10) refuse("symbol");
    let excess = 1;
    for (let i = 0; i < z; i++) excess = 2 * excess + this.bit();
    if (K + excess > 895) refuse("symbol");
    return sign === 1 ? -(K + excess) : K + excess;
  }

  verdict(): void {
    if (this.payload.length > this.reads) refuse("bytes left");
    if (this.payload.at(-1) === 0) refuse("last byte 0");
  }
}

/** [5], [6] Bias and sums of a convolution with zeros outside, stride 1. */
function convolve(
  input: ArrayLike<number>,
  rows: number,
  columns: number,
  shape: number[],
  kernel: ArrayLike<number>,
  bias: ArrayLike<number>,
): Float64Array {
  const [kh, kw, depth, out] = shape as [number, number, number, number];
  if (input.length !== rows * columns * depth || kernel.length !== kh * kw * depth * out) refuse("shape");
  const result = new Float64Array(rows * columns * out);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const to = (row * columns + column) * out;
      for (let o = 0; o < out; o++) result[to + o] = bias[o]!;
      for (let i = 0; i < kh; i++) {
        for (let j = 0; j < kw; j++) {
          const r = row + i - (kh - 1) / 2;
          const c = column + j - (kw - 1) / 2;
          if (r < 0 || c < 0 || r >= rows || c >= columns) continue;
          for (let d = 0; d < depth; d++) {
            const value = input[(r * columns + c) * depth + d]!;
            const from = ((i * kw + j) * depth + d) * out;
            for (let o = 0; o < out; o++) result[to + o]! += value * kernel[from + o]!;
          }
        }
      }
    }
  }
  return result;
}

function rint(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
}

/** [5] What follows a convolution's sums. */
function outputs(sums: Float64Array, multiplier: number[], limit: number, slope = 1): Float64Array {
  return sums.map((acc, at) => {
    const v = Math.fround(Math.fround(acc) * multiplier[at % multiplier.length]!);
    return rint(clip(v >= 0 ? v : Math.fround(v * Math.fround(slope)), -limit, limit));
  });
}

/** [5] The network of a slice and pass. */
function runPrior(
  model: FormatModel,
  s: number,
  p: number,
  input: ArrayLike<number>,
  rows: number,
  columns: number,
): number[] {
  let values: ArrayLike<number> = input;
  for (let index = 0; index < 3; index++) {
    const name = `prior.${s}.${p}.conv${index}`;
    const kernel = get(model.prior, `${name}.kernel`);
    const multiplier = get(model.prior, `${name}.multiplier`).values;
    const bias = get(model.prior, `${name}.bias`).values;
    const sums = convolve(values, rows, columns, kernel.shape, kernel.values, bias);
    values = index < 2 ? outputs(sums, multiplier, 16383, 1 / 8) : outputs(sums, multiplier, 32767);
  }
  return values as number[];
}

/** [5] Position features. */
function positionFeatures(row: number, column: number, rows: number, columns: number): number[] {
  const coordinate = (i: number, count: number) =>
    count === 1 ? 0 : Math.floor((256 * i + count - 1) / (2 * (count - 1))) - 64;
  const y = coordinate(row, rows);
  const x = coordinate(column, columns);
  const cos = (a: number) => COSINE[a & 127]!;
  const sin = (a: number) => COSINE[(a - 32) & 127]!;
  const features = [(y + 2) >> 2, (x + 2) >> 2, (x * y + 128) >> 8, (x * x + 128) >> 8, (y * y + 128) >> 8];
  for (let k = 1; k <= 3; k++) features.push(cos(k * y), cos(k * x), sin(k * y), sin(k * x));
  return features;
}

/** [4] Orientation and all latents; `trace` sees each as it is decoded. */
function decodeLatents(model: FormatModel, header: FormatHeader, trace?: (step: Step) => void): Held {
  const { C, S, O } = model;
  const N = C / S;
  const level = get(model.prior, "levels").values[header.quality - 1]!;
  const coder = new Coder(header.payload);
  let orientation = 0;
  for (let bits = Math.log2(O); bits > 0; bits--) orientation = 2 * orientation + coder.bit();
  const [wide, high] =
    orientation & 4 ? [header.height, header.width] : ([header.width, header.height] as const);
  const rows = Math.ceil(high / 8);
  const columns = Math.ceil(wide / 8);
  const yHat = new Int16Array(rows * columns * C);
  for (let s = 0; s < S; s++) {
    for (let p = 0; p < 2; p++) {
      const input: number[] = [];
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const at = (row * columns + column) * C;
          for (let c = 0; c < s * N; c++) input.push(clip(yHat[at + c]!, -1023, 1023));
          input.push(...positionFeatures(row, column, rows, columns).map((feature) => 2 * feature));
          input.push(level);
          input.push((row + column) % 2 === p ? 32 : 0);
          if (p === 1) for (let c = 0; c < N; c++) input.push(clip(yHat[at + s * N + c]!, -1023, 1023));
        }
      }
      const output = runPrior(model, s, p, input, rows, columns);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          if ((row + column) % 2 !== p) continue;
          const position = row * columns + column;
          for (let c = 0; c < N; c++) {
            const mean = clip(output[position * 2 * N + c]!, -4095, 4095);
            const scale = clip(output[position * 2 * N + N + c]!, 0, 63);
            const { range, code } = coder;
            const share = coder.share();
            const symbol = coder.symbol(model.tables[scale]!);
            const value = 32 * symbol + mean;
            const channel = s * N + c;
            yHat[position * C + channel] = value;
            trace?.({ row, column, channel, range, code, share, scale, mean, symbol, yHat: value });
          }
        }
      }
    }
  }
  coder.verdict();
  return { orientation, wide, high, yHat };
}

/** [8] Check byte. */
function checkByte(
  { model, grey, quality, width, height }: FormatHeader,
  { orientation, yHat }: Held,
): number {
  let hash = 2166136261;
  const add = (byte: number) => {
    hash = Number((BigInt((hash ^ byte) >>> 0) * 16777619n) % 2n ** 32n);
  };
  const addPair = (value: number) => {
    add(value & 255);
    add((value >> 8) & 255);
  };
  add(model);
  add((grey ? 128 : 0) + quality);
  addPair(width);
  addPair(height);
  add(orientation);
  for (const value of yHat) addPair(value);
  return ((hash >>> 24) ^ (hash >>> 16) ^ (hash >>> 8) ^ hash) & 255;
}

/** [6] Synthesis: [4·rows, 4·columns, 12], in 32nds of a level. */
function synthesise(model: FormatModel, header: FormatHeader, { wide, high, yHat }: Held): Float64Array {
  const { C, blocks, widths } = model;
  let rows = Math.ceil(high / 8);
  let columns = Math.ceil(wide / 8);
  const inverse = get(model.synthesis, "inverse_gain").values;
  const conv = (x: ArrayLike<number>, name: string, { active = false, unit = 1024, limit = 16383 } = {}) => {
    const { shape, values } = get(model.synthesis, `${name}.kernel`);
    const scale = get(model.synthesis, `${name}.scale`).values;
    const bias = get(model.synthesis, `${name}.bias`).values.map((value, o) =>
      value === 0 ? 0 : Math.floor((1024 * value) / scale[o]! + 0.5),
    );
    const multiplier = scale.map((value) => Math.fround((value * unit) / 1024));
    return outputs(convolve(x, rows, columns, shape, values, bias), multiplier, limit, active ? 0.1 : 1);
  };
  const act = (x: Float64Array) => x.map((value) => Math.max(value, (3277 * value + 16384) >> 15));
  const residual = (x: Float64Array, name: string) => {
    const a = conv(act(x), `${name}.a`, { active: true });
    const branch = conv(conv(a, `${name}.b`, { active: true }), `${name}.c`);
    return x.map((value, at) => clip(value + branch[at]!, -16383, 16383));
  };
  const depthToSpace = (x: Float64Array, channels: number) => {
    const out = new Float64Array(x.length);
    for (let row = 0; row < 2 * rows; row++) {
      for (let column = 0; column < 2 * columns; column++) {
        for (let k = 0; k < channels; k++) {
          const inside = (2 * (row % 2) + (column % 2)) * channels + k;
          out[(row * 2 * columns + column) * channels + k] =
            x[((row >> 1) * columns + (column >> 1)) * 4 * channels + inside]!;
        }
      }
    }
    rows *= 2;
    columns *= 2;
    return out;
  };
  let h = conv(
    Float64Array.from(yHat, (value, at) =>
      clip(Math.floor(32 * value * inverse[(header.quality - 1) * C + (at % C)]! + 0.5), -16383, 16383),
    ),
    "g_s.conv0",
  );
  let index = 1;
  for (let level = 2; level >= 0; level--) {
    for (let i = 0; i < blocks[level]!; i++) h = residual(h, `g_s.res${index++}`);
    if (level > 0) h = depthToSpace(conv(h, `g_s.up${index++}`), widths[level - 1]!);
  }
  return conv(h, "g_s.out", { unit: 8160, limit: 32767 });
}

/** [7] Pixels. */
function toPixels(
  { width, height, grey }: FormatHeader,
  { orientation, wide, high }: Held,
  blocks: Float64Array,
): Uint8Array {
  const columns = Math.ceil(wide / 8);
  const rows = Math.ceil(high / 8);
  const left = (8 * columns - wide) >> 1;
  const top = (8 * rows - high) >> 1;
  const pixels = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let [u, v] = orientation & 4 ? [row, column] : [column, row];
      if (orientation & 1) u = wide - 1 - u;
      if (orientation & 2) v = high - 1 - v;
      const [Y, X] = [v + top, u + left];
      const value = (k: number) =>
        blocks[((Y >> 1) * 4 * columns + (X >> 1)) * 12 + (2 * (Y % 2) + (X % 2)) * 3 + k]!;
      for (let k = 0; k < 3; k++) {
        const level = grey ? 0.299 * value(0) + 0.587 * value(1) + 0.114 * value(2) : value(k);
        pixels[(row * width + column) * 3 + k] = clip(Math.floor((level + 4096) / 32), 0, 255);
      }
    }
  }
  return pixels;
}

/** Decodes a file; throws where the page says it is illegal. */
export function decodeByFormat(
  model: FormatModel,
  file: Uint8Array,
  trace?: (step: Step) => void,
): FormatPicture {
  const header = readFormatHeader(file);
  if (header.model !== model.number) refuse(`model ${header.model}`);
  const held = decodeLatents(model, header, trace);
  if (checkByte(header, held) !== header.check) refuse("check byte");
  const pixels = toPixels(header, held, synthesise(model, header, held));
  return { ...header, orientation: held.orientation, yHat: held.yHat, pixels };
}
