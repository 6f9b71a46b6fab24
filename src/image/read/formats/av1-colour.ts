import type { Cicp } from "../colour/cicp.ts";

/** The colour space in the sequence header of AV1 units (AV1 specification, 5.5). `undefined` if there is none. */
export function colourInAv1(units: Uint8Array): Cicp | undefined {
  const header = sequenceHeader(units);
  if (!header) return undefined;
  const bits = new Bits(header);
  const profile = bits.read(3);
  bits.read(1);
  const reduced = bits.flag();
  if (reduced) bits.read(5);
  else skipOperatingPoints(bits);
  const [widthBits, heightBits] = [bits.read(4) + 1, bits.read(4) + 1];
  bits.read(widthBits);
  bits.read(heightBits);
  if (!reduced && bits.flag()) bits.read(7);
  bits.read(3);
  if (!reduced) skipTools(bits);
  bits.read(3);
  return colourConfig(bits, profile);
}

function sequenceHeader(units: Uint8Array): Uint8Array | undefined {
  let at = 0;
  while (at < units.length) {
    const first = units[at++]!;
    if (first & 4) at++;
    if (!(first & 2)) return (first >> 3) % 16 === 1 ? units.subarray(at) : undefined;
    let size = 0;
    for (let shift = 0; shift < 35 && at < units.length; shift += 7) {
      const byte = units[at++]!;
      size += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    if ((first >> 3) % 16 === 1) return units.subarray(at, at + size);
    at += size;
  }
  return undefined;
}

/** 5.5.1, from timing_info_present_flag */
function skipOperatingPoints(bits: Bits): void {
  let delayBits = 0;
  if (bits.flag()) {
    bits.read(32);
    bits.read(32);
    if (bits.flag()) bits.universal();
    if (bits.flag()) {
      delayBits = bits.read(5) + 1;
      bits.read(32);
      bits.read(10);
    }
  }
  const delays = bits.flag();
  const points = bits.read(5) + 1;
  for (let i = 0; i < points; i++) {
    bits.read(12);
    if (bits.read(5) > 7) bits.read(1);
    if (delayBits > 0 && bits.flag()) {
      bits.read(delayBits);
      bits.read(delayBits);
      bits.read(1);
    }
    if (delays && bits.flag()) bits.read(4);
  }
}

/** 5.5.1, from enable_interintra_compound */
function skipTools(bits: Bits): void {
  bits.read(4);
  const order = bits.flag();
  if (order) bits.read(2);
  const screen = bits.flag() ? 2 : bits.read(1);
  if (screen > 0 && !bits.flag()) bits.read(1);
  if (order) bits.read(3);
}

/** 5.5.2 */
function colourConfig(bits: Bits, profile: number): Cicp | undefined {
  const high = bits.flag();
  if (profile === 2 && high) bits.read(1);
  const mono = profile === 1 ? false : bits.flag();
  if (!bits.flag()) return undefined;
  const [primaries, transfer, matrix] = [bits.read(8), bits.read(8), bits.read(8)];
  const identity = !mono && primaries === 1 && transfer === 13 && matrix === 0;
  return { primaries, transfer, matrix, fullRange: identity || bits.flag() };
}

/** Reads bits, the highest of each byte first; 0 past the end. */
class Bits {
  private at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.at++) {
      value = value * 2 + (((this.bytes[this.at >> 3] ?? 0) >> (7 - (this.at & 7))) & 1);
    }
    return value;
  }

  flag(): boolean {
    return this.read(1) === 1;
  }

  /** 4.10.3 */
  universal(): void {
    let zeros = 0;
    while (zeros < 32 && !this.flag()) zeros++;
    this.read(zeros < 32 ? zeros : 0);
  }
}
