import { ZippyNetError } from "../../../codec/errors.ts";
import { assertParts } from "../outline.ts";

/** The frame header of a JPEG (ITU-T T.81, annex B). */
export interface Frame {
  /** The second byte of its marker: 0xc0 baseline, 0xc1 extended, 0xc2 progressive, … */
  readonly kind: number;
  /** Bits of a sample. */
  readonly precision: number;
  readonly width: number;
  readonly height: number;
  /** At most four of them. */
  readonly components: readonly Component[];
  /** How many there are in all. */
  readonly count: number;
}

interface Component {
  readonly id: number;
  /** Blocks of this component in a minimum coded unit. */
  readonly across: number;
  readonly down: number;
}

export interface Scan {
  readonly components: readonly { readonly id: number; readonly dc: number; readonly ac: number }[];
  /** The first and last coefficient, and the lowest bit of them that this scan brings. */
  readonly from: number;
  readonly to: number;
  readonly bit: number;
  /** The coded data, from its first byte to the marker that ends it. */
  readonly start: number;
  readonly end: number;
  /**
   * The Huffman tables that count then, by their class (16 for AC) plus number: of each its 16 numbers of codes and
   * its symbols.
   */
  readonly tables: ReadonlyMap<number, Uint8Array>;
  /** Units between restart markers; 0: there are none. */
  readonly restart: number;
}

export interface Segments {
  readonly frame?: Frame;
  readonly scans: readonly Scan[];
  /** Whether it has a profile, or a part of one (ICC.1:2022, annex B.4). */
  readonly profile: boolean;
  /** Whether the end mark is there. */
  readonly ended: boolean;
  /** Where the end mark begins, or the end of its last whole byte. */
  readonly end: number;
}

/** The most scans of a file. Encoders write up to twenty; a decoder goes through all pixels for each. */
const MOST_SCANS = 200;

/** Throws `too-large` if there are too many segments or scans. */
export function segmentsOf(bytes: Uint8Array): Segments {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scans: Scan[] = [];
  const tables = new Map<number, Uint8Array>();
  let frame: Frame | undefined;
  let restart = 0;
  let profile = false;
  let at = 2;
  const result = (ended: boolean, end: number): Segments => ({
    scans,
    profile,
    ended,
    end,
    ...(frame && { frame }),
  });
  for (let count = 0; at + 4 <= bytes.length; count++) {
    assertParts(count);
    // bytes between segments are passed over, as by other decoders
    at = bytes.indexOf(0xff, at);
    if (at < 0) return result(false, bytes.length);
    while (bytes[at + 1] === 0xff) at++;
    if (at + 4 > bytes.length) break;
    const marker = bytes[at + 1]!;
    if (marker === 0xd9) return result(true, at);
    else if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else {
      const length = view.getUint16(at + 2);
      const body = bytes.subarray(at + 4, at + 2 + length);
      at += 2 + length;
      if (marker === 0xc4) for (const [id, table] of tablesOf(body)) tables.set(id, table);
      else if (marker === 0xe2) profile ||= isProfile(body);
      else if (marker === 0xdd && body.length >= 2) restart = body[0]! * 256 + body[1]!;
      else if (isFrame(marker)) frame ??= frameOf(marker, body);
      else if (marker === 0xda) {
        const end = endOfData(bytes, at);
        const scan = scanOf(body);
        if (scan) scans.push({ ...scan, start: at, end, tables: new Map(tables), restart });
        if (scans.length > MOST_SCANS)
          throw new ZippyNetError("too-large", `expected a JPEG of at most ${MOST_SCANS} scans, got more`);
        at = end;
      }
    }
  }
  if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return result(true, at);
  // half of a marker is no data
  const end = bytes.at(-1) === 0xff ? bytes.length - 1 : bytes.length;
  return result(false, end);
}

function isProfile(body: Uint8Array): boolean {
  return String.fromCharCode(...body.subarray(0, 12)) === "ICC_PROFILE\0";
}

/** SOF0–15 except DHT, JPG and DAC, and that of JPEG-LS. */
function isFrame(marker: number): boolean {
  return (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xf7;
}

/** Coded data ends at a marker that is neither a stuffed zero nor a restart. */
function endOfData(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    at = bytes.indexOf(0xff, at);
    if (at < 0 || at + 1 >= bytes.length) return bytes.length;
    const next = bytes[at + 1]!;
    if (next === 0xff) at++;
    else if (next === 0 || (next >= 0xd0 && next <= 0xd7)) at += 2;
    else return at;
  }
}

function frameOf(kind: number, body: Uint8Array): Frame {
  const number = (at: number): number => (body[at] ?? 0) * 256 + (body[at + 1] ?? 0);
  const components = Array.from({ length: Math.min(body[5] ?? 0, 4) }, (_, i) => {
    const [id = 0, sampling = 0] = body.subarray(6 + 3 * i);
    return { id, across: sampling >> 4, down: sampling & 15 };
  });
  return {
    kind,
    precision: body[0] ?? 0,
    width: number(3),
    height: number(1),
    components,
    count: body[5] ?? 0,
  };
}

/** The tables that a DHT segment defines, by their class and number. */
function* tablesOf(body: Uint8Array): Generator<readonly [id: number, table: Uint8Array]> {
  for (let at = 0; at + 17 <= body.length; ) {
    const symbols = body.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0);
    const end = at + 17 + symbols;
    yield [body[at]!, body.subarray(at + 1, end)];
    at = end;
  }
}

function scanOf(body: Uint8Array): Pick<Scan, "components" | "from" | "to" | "bit"> | undefined {
  const [count = 0] = body;
  if (count < 1 || count > 4 || body.length < 4 + 2 * count) return undefined;
  const components = Array.from({ length: count }, (_, i) => {
    const tables = body[2 + 2 * i]!;
    return { id: body[1 + 2 * i]!, dc: tables >> 4, ac: tables & 15 };
  });
  const [from, to, bits] = body.subarray(1 + 2 * count) as unknown as [number, number, number];
  return { components, from, to, bit: bits & 15 };
}
