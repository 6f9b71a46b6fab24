import { assertWithin, badOption } from "../codec/errors.ts";
import type { CommonOptions, Listener, ManyOptions } from "./options.ts";

/** The outcome of one of many, in the form of `Promise.allSettled`. */
export type Outcome<T> =
  | { readonly status: "fulfilled"; readonly value: T }
  | { readonly status: "rejected"; readonly reason: unknown };

/**
 * Does something to each item, a bounded number at a time; every item has an outcome, in the order of the items. What
 * the options say of one item goes on to the work: all but the concurrency and the progress of the whole. A
 * signal that aborts rejects the whole, with its reason; so does a listener that throws. Throws `bad-option` for what
 * is no list, and a concurrency that is not 1–64.
 */
export async function settleEach<I, T, O extends CommonOptions>(
  items: Iterable<I>,
  options: O & ManyOptions,
  usual: number,
  work: (item: I, options: Omit<O, "concurrency" | "onProgress">) => Promise<T>,
): Promise<Outcome<T>[]> {
  const { concurrency, onProgress, ...each } = options;
  const { signal } = options;
  // text and bytes are one item; taken for a list, each character of it would fail
  const isOne = typeof items === "string" || ArrayBuffer.isView(items);
  if (isOne || typeof items?.[Symbol.iterator] !== "function") throw badOption("expected a list", items);
  const all = [...items];
  const width = concurrency === undefined ? usual : concurrency;
  assertWithin("concurrency", width, 1, 64);
  const outcomes: Outcome<T>[] = new Array(all.length);
  let [at, done, over] = [0, 0, false];
  const report: Listener = (progress) => {
    if (over) return;
    try {
      onProgress?.(progress);
    } catch (error) {
      [at, over] = [all.length, true]; // the other lanes end, too, and report nothing more
      throw error;
    }
  };
  const lane = async (): Promise<void> => {
    while (at < all.length) {
      if (signal?.aborted) throw signal.reason;
      const i = at++;
      outcomes[i] = await work(all[i]!, each).then(
        (value) => ({ status: "fulfilled", value }),
        (reason: unknown) => ({ status: "rejected", reason }),
      );
      if (signal?.aborted) throw signal.reason;
      report({ stage: "pictures", done: ++done, total: all.length });
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, all.length) }, lane));
  return outcomes;
}
