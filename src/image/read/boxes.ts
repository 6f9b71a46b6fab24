/** A box of an ISO media file (ISO/IEC 14496-12, 4.2). */
export interface Box {
  readonly type: string;
  /** Where the box stands in the file, and where it says it ends: beyond the file, if that was cut. */
  readonly start: number;
  readonly end: number;
  readonly body: Reader;
}

/** Boxes of a level that are looked at. */
const MOST_BOXES = 10_000;

export function boxesOf(reader: Reader): Box[] {
  const boxes: Box[] = [];
  while (reader.left >= 8 && boxes.length < MOST_BOXES) {
    const start = reader.at;
    const short = reader.number(4);
    const type = reader.text(4);
    const size = short === 1 ? reader.number(8) : short === 0 ? reader.end - start : short;
    // bytes that are no box, behind the last
    if (size < reader.at - start) break;
    const end = start + size;
    boxes.push({ type, start, end, body: new Reader(reader.bytes, reader.at, Math.min(end, reader.end)) });
    reader.skip(Math.min(end, reader.end) - reader.at);
  }
  return boxes;
}

/** The first box of a type; `undefined` if there is none. */
export function boxIn(boxes: readonly Box[], type: string): Box | undefined {
  return boxes.find((box) => box.type === type);
}

/** The first box at the end of a path of types. */
export function boxAt(boxes: readonly Box[], ...path: readonly string[]): Box | undefined {
  const [first, ...rest] = path;
  const box = boxIn(boxes, first!);
  return !box || rest.length === 0 ? box : boxAt(boxesOf(box.body.again()), ...rest);
}

/** Reads big-endian numbers; throws RangeError past the end. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  private readonly start: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.start = start;
    this.at = start;
    this.end = end;
  }

  /** The same bytes from their start. */
  again(): Reader {
    return new Reader(this.bytes, this.start, this.end);
  }

  get left(): number {
    return this.end - this.at;
  }

  skip(count: number): this {
    if (count > this.left) throw new RangeError(`expected ${count} more bytes, got ${this.left}`);
    this.at += count;
    return this;
  }

  number(size: number): number {
    let value = 0;
    const from = this.at;
    this.skip(size);
    for (let i = 0; i < size; i++) value = value * 256 + this.bytes[from + i]!;
    return value;
  }

  text(length: number): string {
    return String.fromCharCode(...this.rest(length));
  }

  /** So many bytes, or all that are left. */
  rest(length = this.left): Uint8Array {
    const from = this.at;
    this.skip(length);
    return this.bytes.subarray(from, this.at);
  }

  /** Version and flags, which "full" boxes begin with. */
  version(): { version: number; flags: number } {
    return { version: this.number(1), flags: this.number(3) };
  }
}

/** Writes a box. */
export function box(type: string, ...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const body = Buffer.concat(
    parts.map((part) => (part instanceof Uint8Array ? part : Uint8Array.from(part))),
  );
  return Buffer.concat([Uint8Array.from(u32(8 + body.length)), Buffer.from(type, "latin1"), body]);
}

export const u16 = (n: number): number[] => [n >>> 8, n & 255];
export const u32 = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
