import type { Size } from "../../../codec/image.ts";
import { assertParts } from "../outline.ts";

/** A box of an ISO media file (ISO/IEC 14496-12, 4.2). */
export interface Box {
  readonly type: string;
  /** The offset of the box, and where it should end: this is beyond the file if the file was cut off. */
  readonly start: number;
  readonly end: number;
  readonly body: Reader;
}

export function boxesOf(reader: Reader): Box[] {
  const boxes: Box[] = [];
  while (reader.left >= 8) {
    assertParts(boxes.length);
    const start = reader.at;
    const short = reader.number(4);
    const type = reader.text(4);
    const size = short === 1 ? reader.number(8) : short === 0 ? reader.end - start : short;
    // bytes after the last box that are no box
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

  /** So many bytes, or as many as are left. */
  rest(length = this.left): Uint8Array {
    const from = this.at;
    this.skip(length);
    return this.bytes.subarray(from, this.at);
  }

  /** Version and flags, with which "full" boxes begin. */
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

/** A picture of an HEIF file (ISO/IEC 23008-12), or a part of one. */
export interface Item {
  /** `av01`, `hvc1`, `grid`, … */
  readonly type: string;
  /** Its properties: `colr`, `av1C`, `pixi`, … */
  readonly properties: readonly Box[];
  /** The places of its bytes in the file; empty if they are elsewhere. */
  readonly extents: readonly { readonly from: number; readonly length: number }[];
}

/** The primary picture, then its parts and its alpha, each once. `undefined` if there is none. */
export function itemsOf(meta: Box): Item[] | undefined {
  const boxes = boxesIn(meta);
  const id = primaryIn(boxes);
  const types = typesIn(boxes);
  if (id === undefined || !types.has(id)) return undefined;
  const properties = propertiesIn(boxes);
  const extents = extentsIn(boxes);
  const parts = partsIn(boxes).get(id) ?? [];
  return [...new Set([id, ...parts])].map((item) => ({
    type: types.get(item) ?? "none",
    properties: properties.get(item) ?? [],
    extents: extents.get(item) ?? [],
  }));
}

/**
 * Pixels of all coded pictures of which the primary picture and its alpha are made, each as often as it is used. They
 * are decoded in full, however little of them is shown.
 */
export function codedPixels(meta: Box): number {
  const boxes = boxesIn(meta);
  const [properties, parts] = [propertiesIn(boxes), partsIn(boxes)];
  const derived = new Set(referencesIn(boxes).flatMap(({ type, from }) => (type === "dimg" ? [from] : [])));
  const counted = new Map<number, number>();
  const count = (id: number, depth: number): number => {
    const known = counted.get(id);
    if (known !== undefined) return known;
    if (depth > DEEPEST) throw new RangeError("pictures are made of pictures too many times");
    counted.set(id, 0); // what is made of itself is refused by the decoder
    const { width, height } = sizeIn(properties.get(id) ?? []);
    const own = derived.has(id) ? 0 : width * height;
    const all = (parts.get(id) ?? []).reduce((sum, part) => sum + count(part, depth + 1), own);
    counted.set(id, all);
    return all;
  };
  const id = primaryIn(boxes);
  return id === undefined ? 0 : count(id, 0);
}

/** How many times pictures may be made of pictures that are made of others. */
const DEEPEST = 16;

/** The sides of a picture (`ispe`). The decoder refuses one whose data has others. */
export function sizeIn(properties: readonly Box[]): Size {
  const size = boxIn(properties, "ispe")?.body.again();
  return size ? { width: size.skip(4).number(4), height: size.number(4) } : { width: 0, height: 0 };
}

export function boxesIn(meta: Box): Box[] {
  const body = meta.body.again();
  body.version();
  return boxesOf(body);
}

export function primaryIn(boxes: readonly Box[]): number | undefined {
  const body = boxIn(boxes, "pitm")?.body.again();
  if (!body) return undefined;
  const { version } = body.version();
  return body.number(version === 0 ? 2 : 4);
}

/** The most entries of a table that are read. */
const MOST = 65_536;

export function typesIn(boxes: readonly Box[]): Map<number, string> {
  const types = new Map<number, string>();
  const table = boxIn(boxes, "iinf");
  if (!table) return types;
  const entries = table.body.again();
  const { version } = entries.version();
  entries.skip(version === 0 ? 2 : 4);
  for (const { type, body } of boxesOf(entries)) {
    if (type !== "infe") continue;
    const { version } = body.version();
    if (version < 2) continue;
    const id = body.number(version === 2 ? 2 : 4);
    types.set(id, body.skip(2).text(4));
  }
  return types;
}

/** All properties of all pictures. */
export function propertiesOf(meta: Box): Box[] {
  return tableOf(boxesIn(meta));
}

function tableOf(boxes: readonly Box[]): Box[] {
  const container = boxAt(boxes, "iprp", "ipco");
  return container ? boxesOf(container.body.again()) : [];
}

export function propertiesIn(boxes: readonly Box[]): Map<number, Box[]> {
  const all = tableOf(boxes);
  if (all.length === 0) return new Map();
  const found = [...namesIn(boxes)].map(
    ([id, names]) => [id, names.flatMap((name) => all[(name & INDEX) - 1] ?? [])] as const,
  );
  return new Map(found);
}

/** In the name of a property: its index, from 1. The bit above says whether it has to be understood. */
const INDEX = 0x7fff;

/** The names of the properties of each item. */
function namesIn(boxes: readonly Box[]): Map<number, number[]> {
  const found = new Map<number, number[]>();
  let entries = 0;
  for (const { type, body } of boxesOf(boxIn(boxes, "iprp")!.body.again())) {
    if (type !== "ipma") continue;
    const { version, flags } = body.version();
    const count = Math.min(MOST, body.number(4));
    for (let i = 0; i < count; i++) {
      const id = body.number(version === 0 ? 2 : 4);
      const many = body.number(1);
      entries += many;
      assertParts(entries);
      const wide = (short: number): number => (short & 0x7f) | ((short & 0x80) << 8);
      found.set(
        id,
        Array.from({ length: many }, () => (flags & 1 ? body.number(2) : wide(body.number(1)))),
      );
    }
  }
  return found;
}

/** The places of the data of each item, in the file or within its `meta` box (`idat`). */
export function extentsIn(boxes: readonly Box[]): Map<number, { from: number; length: number }[]> {
  const found = new Map<number, { from: number; length: number }[]>();
  const table = boxIn(boxes, "iloc");
  if (!table) return found;
  const { body } = table;
  const { version } = body.version();
  const [first, second] = [body.number(1), body.number(1)];
  const [offsetSize, lengthSize, baseSize] = [first >> 4, first & 15, second >> 4];
  const indexSize = version === 1 || version === 2 ? second & 15 : 0;
  const count = Math.min(MOST, body.number(version < 2 ? 2 : 4));
  let all = 0;
  for (let i = 0; i < count; i++) {
    const id = body.number(version < 2 ? 2 : 4);
    const method = version === 0 ? 0 : body.number(2) & 15;
    const inside = method === 1 ? boxIn(boxes, "idat")?.body.again().at : 0;
    const elsewhere = body.number(2) !== 0 || method > 1 || inside === undefined;
    const base = body.number(baseSize) + (inside ?? 0);
    const many = body.number(2);
    all += many; // they may take no bytes, if their numbers have a size of 0
    assertParts(all);
    const extents = Array.from({ length: many }, () => {
      body.skip(indexSize);
      return { from: base + body.number(offsetSize), length: body.number(lengthSize) };
    });
    if (!elsewhere) found.set(id, extents);
  }
  return found;
}

/** Whether the colours of the primary picture are multiplied with its alpha (`prem`; MIAF, 7.3.5.2). */
export function isPremultiplied(meta: Box): boolean {
  const boxes = boxesIn(meta);
  const id = primaryIn(boxes);
  return referencesIn(boxes).some(({ type, from }) => type === "prem" && from === id);
}

interface Reference {
  readonly type: string;
  readonly from: number;
  readonly to: readonly number[];
}

/** The pictures of which one is made, in order: tiles of a grid, parts of an overlay. */
export function madeOf(id: number, references: readonly Reference[]): readonly number[] {
  return references.find(({ type, from }) => type === "dimg" && from === id)?.to ?? [];
}

export function referencesIn(boxes: readonly Box[]): Reference[] {
  const table = boxIn(boxes, "iref")?.body.again();
  if (!table) return [];
  const { version } = table.version();
  const size = version === 0 ? 2 : 4;
  return boxesOf(table).map(({ type, body }) => ({
    type,
    from: body.number(size),
    to: Array.from({ length: body.number(2) }, () => body.number(size)),
  }));
}

/** For each picture: those of which it is made (`dimg`), and those that add to it (`auxl`, which point at it). */
function partsIn(boxes: readonly Box[]): Map<number, number[]> {
  const parts = new Map<number, number[]>();
  const add = (id: number, part: number): void => {
    const own = parts.get(id);
    if (own) own.push(part);
    else parts.set(id, [part]);
  };
  for (const { type, from, to } of referencesIn(boxes)) {
    if (type === "dimg") for (const part of to) add(from, part);
    else if (type === "auxl") for (const id of new Set(to)) add(id, from);
  }
  return parts;
}
