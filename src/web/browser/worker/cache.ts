import { ZippyNetError } from "../../../codec/errors.ts";
import { sha256Hex } from "../../../model/load-decoder.ts";
import type { Asset } from "../../../model/manifest.ts";

const CACHE = "zippynet-models";

/**
 * The file of a URL whose content never changes, from the Cache API or else the network. Its SHA-256 is checked in both
 * cases. A cached file with another hash is deleted and fetched again, once. Throws `unavailable` or `bad-model`.
 * @param progress is called with the number of bytes of each part that comes
 */
export async function fetchImmutable(
  url: string,
  expected: Asset,
  progress: (bytes: number) => void,
): Promise<Uint8Array> {
  const cache = await openCache();
  const kept = await cache?.match(url).catch(() => undefined);
  if (kept) {
    const bytes = new Uint8Array(await kept.arrayBuffer());
    if ((await sha256Hex(bytes)) === expected.sha256) {
      progress(bytes.length);
      return bytes;
    }
    await cache?.delete(url);
  }
  const bytes = await download(url, expected.bytes, progress);
  const found = await sha256Hex(bytes);
  if (found !== expected.sha256) {
    throw new ZippyNetError("bad-model", `${url}: expected SHA-256 ${expected.sha256}, got ${found}`);
  }
  // the picture can be shown even if the file cannot be kept
  await cache?.put(url, new Response(bytes)).catch(() => undefined);
  return bytes;
}

/** Undefined on pages that are not secure and where storage is blocked. */
async function openCache(): Promise<Cache | undefined> {
  return "caches" in globalThis ? caches.open(CACHE).catch(() => undefined) : undefined;
}

async function download(
  url: string,
  expected: number,
  progress: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin" });
  } catch (cause) {
    throw new ZippyNetError("unavailable", `${url} cannot be fetched: no network, or not allowed`, { cause });
  }
  if (!response.ok || !response.body) {
    throw new ZippyNetError("unavailable", `${url}: expected status 200, got ${response.status}`);
  }
  const bytes = new Uint8Array(expected);
  let at = 0;
  const reader = response.body.getReader();
  for (let part = await next(reader, url); part; part = await next(reader, url)) {
    if (at + part.length > expected) throw wrongLength(url, expected, `more than ${expected}`);
    bytes.set(part, at);
    at += part.length;
    progress(part.length);
  }
  if (at < expected) throw wrongLength(url, expected, String(at));
  return bytes;
}

async function next(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  url: string,
): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value;
  } catch (cause) {
    throw new ZippyNetError("unavailable", `${url} broke off`, { cause });
  }
}

function wrongLength(url: string, expected: number, found: string): ZippyNetError {
  return new ZippyNetError("bad-model", `${url}: expected ${expected} bytes, got ${found}`);
}
