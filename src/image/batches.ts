/** Images that are encoded at once: models and classical codecs take turns on them. */
const MAX_BATCH = 16;

/** Pixels of one batch, which bounds its memory. */
const MAX_BATCH_PIXELS = 1 << 18;

interface Sized {
  readonly width: number;
  readonly height: number;
}

/** Sorts items into batches to be encoded at once: of one size, at most 16, fewer if large. */
export function batches<T>(items: readonly T[], sizeOf: (item: T) => Sized): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const { width, height } = sizeOf(item);
    const name = `${width}×${height}`;
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return [...groups.values()].flatMap((group) => {
    const { width, height } = sizeOf(group[0]!);
    const fitting = Math.floor(MAX_BATCH_PIXELS / (width * height));
    return split(group, Math.max(1, Math.min(MAX_BATCH, fitting)));
  });
}

/** Consecutive runs of at most `length` items. */
export function split<T>(items: readonly T[], length: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < items.length; at += length) parts.push(items.slice(at, at + length));
  return parts;
}
