import { compareKeys, latentsKey, uploadKey } from "../aws/keys.ts";
import type { Listed } from "../aws/s3.ts";

/** An upload, its latents, or both. */
export interface Pair {
  /** The upload's. */
  readonly key: string;
  readonly upload?: Listed;
  readonly latents?: Listed;
}

/**
 * Joins the listings of both buckets by key, holding next to nothing in memory: both come sorted by the bytes of their
 * keys, as S3 lists them. What has no `.zn` in the latents bucket is not ours, and passed over.
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
 * Uploads sorted by their key are not sorted by that of their latents: `a` comes before `a-b`, but `a-b.zn` before
 * `a.zn`. Only keys that begin with the other key change places so. Those that may yet have to wait are held back; each
 * begins with the one below it, so they are at most as many as a key has bytes.
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
