import { compareKeys, latentsKey, uploadKey } from "../aws/keys.ts";
import type { Listed } from "../aws/s3.ts";

/** An upload, its latents, or both. */
export interface Pair {
  /** The upload's key. */
  readonly key: string;
  readonly upload?: Listed;
  readonly latents?: Listed;
}

/**
 * Joins the listings of both buckets by key, with almost nothing in memory: S3 lists both in the order of the bytes of
 * their keys. Objects of the latents bucket whose keys do not end in `.zn` are not latents and are skipped.
 */
export async function* pairUp(
  uploads: AsyncIterable<Listed>,
  latents: AsyncIterable<Listed>,
): AsyncGenerator<Pair, void, undefined> {
  const left = inLatentsOrder(uploads)[Symbol.asyncIterator]();
  const right = onlyLatents(latents)[Symbol.asyncIterator]();
  let [upload, made] = [await left.next(), await right.next()];
  while (!upload.done || !made.done) {
    const order = upload.done
      ? 1
      : made.done
        ? -1
        : compareKeys(latentsKey(upload.value.key), made.value.key);
    if (order < 0) yield { key: upload.value!.key, upload: upload.value! };
    else if (order > 0) yield { key: uploadKey(made.value!.key)!, latents: made.value! };
    else yield { key: upload.value!.key, upload: upload.value!, latents: made.value! };
    if (order <= 0) upload = await left.next();
    if (order >= 0) made = await right.next();
  }
}

async function* onlyLatents(listed: AsyncIterable<Listed>): AsyncGenerator<Listed, void, undefined> {
  for await (const each of listed) if (uploadKey(each.key) !== undefined) yield each;
}

/**
 * Uploads sorted by their key are not sorted by the key of their latents: `a` comes before `a-b`, but `a-b.zn` before
 * `a.zn`. The order differs only between two keys of which one begins with the other. Keys that may still have to wait
 * are held back. Each of them begins with the one before it, so there are at most as many as a key has bytes.
 */
export async function* inLatentsOrder(
  uploads: AsyncIterable<Listed>,
): AsyncGenerator<Listed, void, undefined> {
  const held: Listed[] = [];
  for await (const upload of uploads) {
    while (held.length > 0 && !mayWait(held.at(-1)!.key, upload.key)) yield held.pop()!;
    held.push(upload);
  }
  while (held.length > 0) yield held.pop()!;
}

/** Whether latents of `next`, or of a later key, may come before those of `key`. */
function mayWait(key: string, next: string): boolean {
  return next.startsWith(key) && compareKeys(latentsKey(next.slice(key.length)), latentsKey("")) < 0;
}
