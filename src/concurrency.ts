/** Loads something when first asked for and keeps it; a failed load is tried again by whoever asks next. */
export function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}

/**
 * Does a step to items as they come, at most `limit` at a time, and yields what the steps give in the order in which
 * they end. Takes no more items than it works on, so memory stays flat however many there are. Throws what a step
 * throws.
 */
export async function* inParallel<T, U>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
  step: (item: T) => Promise<U>,
): AsyncGenerator<U, void, undefined> {
  const running = new Map<number, Promise<readonly [number, U]>>();
  const next = async (): Promise<U> => {
    const [done, value] = await Promise.race(running.values());
    running.delete(done);
    return value;
  };
  let started = 0;
  for await (const item of items) {
    const number = started++;
    const task = step(item).then((value) => [number, value] as const);
    task.catch(() => undefined); // thrown by `next`, maybe after other items have come
    running.set(number, task);
    if (running.size >= limit) yield await next();
  }
  while (running.size > 0) yield await next();
}

/** As `inParallel`, but returns all results, in the order of the items. */
export async function mapInParallel<T, U>(
  items: readonly T[],
  limit: number,
  step: (item: T) => Promise<U>,
): Promise<U[]> {
  const results: U[] = [];
  const each = async ([i, item]: [number, T]): Promise<void> => {
    results[i] = await step(item);
  };
  for await (const _ of inParallel(items.entries(), limit, each));
  return results;
}
