import { type Box, boxAt, boxesOf, boxIn, type Reader } from "./boxes.ts";

/** A picture of an HEIF file (ISO/IEC 23008-12), or a part of one. */
export interface Item {
  /** `av01`, `hvc1`, `grid`, … */
  readonly type: string;
  /** What is said of it: `colr`, `av1C`, `pixi`, … */
  readonly properties: readonly Box[];
  /** Where its bytes stand in the file; empty if they stand elsewhere. */
  readonly extents: readonly { readonly from: number; readonly length: number }[];
}

/** The primary picture first, then the parts that it is put together from and its alpha. `undefined` if there is none. */
export function itemsOf(meta: Box): Item[] | undefined {
  const body = meta.body.again();
  body.version();
  const boxes = boxesOf(body);
  const primary = boxIn(boxes, "pitm");
  if (!primary) return undefined;
  const { version } = primary.body.version();
  const id = primary.body.number(version === 0 ? 2 : 4);
  const types = typesIn(boxes);
  if (!types.has(id)) return undefined;
  const properties = propertiesIn(boxes);
  const extents = extentsIn(boxes);
  const parts = relatedTo(id, boxes);
  return [id, ...parts].map((item) => ({
    type: types.get(item) ?? "none",
    properties: properties.get(item) ?? [],
    extents: extents.get(item) ?? [],
  }));
}

/** Entries of a table that are looked at. */
const MOST = 65_536;

function typesIn(boxes: readonly Box[]): Map<number, string> {
  const types = new Map<number, string>();
  const table = boxIn(boxes, "iinf");
  if (!table) return types;
  const { version } = table.body.version();
  table.body.skip(version === 0 ? 2 : 4);
  for (const { type, body } of boxesOf(table.body)) {
    if (type !== "infe") continue;
    const { version } = body.version();
    if (version < 2) continue;
    const id = body.number(version === 2 ? 2 : 4);
    types.set(id, body.skip(2).text(4));
  }
  return types;
}

function propertiesIn(boxes: readonly Box[]): Map<number, Box[]> {
  const found = new Map<number, Box[]>();
  const container = boxAt(boxes, "iprp", "ipco");
  if (!container) return found;
  const all = boxesOf(container.body.again());
  for (const { type, body } of boxesOf(boxIn(boxes, "iprp")!.body.again())) {
    if (type !== "ipma") continue;
    const { version, flags } = body.version();
    const count = Math.min(MOST, body.number(4));
    for (let i = 0; i < count; i++) {
      const id = body.number(version === 0 ? 2 : 4);
      const many = body.number(1);
      const own = Array.from({ length: many }, () =>
        flags & 1 ? body.number(2) & 0x7fff : body.number(1) & 0x7f,
      );
      found.set(
        id,
        own.flatMap((index) => all[index - 1] ?? []),
      );
    }
  }
  return found;
}

function extentsIn(boxes: readonly Box[]): Map<number, { from: number; length: number }[]> {
  const found = new Map<number, { from: number; length: number }[]>();
  const table = boxIn(boxes, "iloc");
  if (!table) return found;
  const { body } = table;
  const { version } = body.version();
  const [first, second] = [body.number(1), body.number(1)];
  const [offsetSize, lengthSize, baseSize] = [first >> 4, first & 15, second >> 4];
  const indexSize = version === 1 || version === 2 ? second & 15 : 0;
  const count = Math.min(MOST, body.number(version < 2 ? 2 : 4));
  for (let i = 0; i < count; i++) {
    const id = body.number(version < 2 ? 2 : 4);
    const method = version === 0 ? 0 : body.number(2) & 15;
    const elsewhere = body.number(2) !== 0 || method !== 0;
    const base = body.number(baseSize);
    const extents = Array.from({ length: body.number(2) }, () => {
      body.skip(indexSize);
      return { from: base + body.number(offsetSize), length: body.number(lengthSize) };
    });
    if (!elsewhere) found.set(id, extents);
  }
  return found;
}

/** Items that a picture is derived from (`dimg`), and those that add to it (`auxl`, which point at it). */
function relatedTo(id: number, boxes: readonly Box[]): number[] {
  const table = boxIn(boxes, "iref");
  if (!table) return [];
  const { version } = table.body.version();
  const size = version === 0 ? 2 : 4;
  const read = (body: Reader): [from: number, to: number[]] => [
    body.number(size),
    Array.from({ length: body.number(2) }, () => body.number(size)),
  ];
  return boxesOf(table.body).flatMap(({ type, body }) => {
    const [from, to] = read(body);
    if (type === "dimg" && from === id) return to;
    return type === "auxl" && to.includes(id) ? [from] : [];
  });
}
