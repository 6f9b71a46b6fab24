/**
 * Names of one picture: the upload's key `a/b c.jpg`, its latents' key `a/b c.jpg.zn`, its path `/images/a/b%20c.jpg`,
 * and the upload's key as S3 writes it into events, `a/b+c.jpg`.
 */

const SUFFIX = ".zn";

export function latentsKey(key: string): string {
  return key + SUFFIX;
}

/** The upload's key of a key in the latents bucket; undefined if that is of something else. */
export function uploadKey(key: string): string | undefined {
  return key.endsWith(SUFFIX) && key.length > SUFFIX.length ? key.slice(0, -SUFFIX.length) : undefined;
}

/** S3's limit on a key, in bytes. */
export const MAX_KEY = 1024;

/**
 * Whether there can be latents of an upload's key: of any other, S3 or its client only says that the request is bad.
 */
export function mayHaveLatents(key: string): boolean {
  return key.isWellFormed() && Buffer.byteLength(latentsKey(key)) <= MAX_KEY;
}

/** The path of a picture in the API; a slash of the key stays a slash. */
export function imagePath(key: string): string {
  return `/images/${key.split("/").map(encodeURIComponent).join("/")}`;
}

/** A key out of an S3 event, which encodes it like a form: `+` is a space, and a plus sign is `%2B`. */
export function decodeEventKey(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll("+", " "));
}

export function encodeEventKey(key: string): string {
  return encodeURIComponent(key).replaceAll("%2F", "/").replaceAll("%20", "+");
}

/**
 * The key out of a request to the API, from its path parameter. API Gateway decodes paths, once, but leaves `%25` as it
 * is, in `rawPath` and parameter alike; servers that stand in for it may decode the parameter in full and leave
 * `rawPath` encoded. Where the two agree, what still is encoded is `%25` alone.
 */
export function requestedKey(rawPath: string, parameter: string): string {
  return rawPath.endsWith(`/images/${parameter}`) ? parameter.replaceAll("%25", "%") : parameter;
}

/** Whether an object is what S3's console makes of a folder: no bytes, and a key that ends in a slash. */
export function isFolderMarker(key: string, size: number | undefined): boolean {
  return size === 0 && key.endsWith("/");
}

/**
 * A key as manifests of S3 Batch Operations and listings have it: percent-encoded, so that no comma or line break is
 * left.
 */
export function percentEncodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll("%2F", "/");
}

/** By the bytes of UTF-8; JavaScript's own order differs beyond the Basic Multilingual Plane. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
