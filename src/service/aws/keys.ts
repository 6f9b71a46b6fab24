/**
 * The names of one picture: the upload's key `a/b c.jpg`, the key of its latents `a/b c.jpg.zn`, its path
 * `/images/a/b%20c.jpg`, and the upload's key in S3's events, `a/b+c.jpg`.
 */

const SUFFIX = ".zn";

export function latentsKey(key: string): string {
  return key + SUFFIX;
}

/** The upload's key for a key of the latents bucket; undefined if that is not a key of latents. */
export function uploadKey(key: string): string | undefined {
  return key.endsWith(SUFFIX) && key.length > SUFFIX.length ? key.slice(0, -SUFFIX.length) : undefined;
}

/** S3's limit on a key, in bytes. */
export const MAX_KEY = 1024;

/**
 * Whether there can be latents of an upload's key. For any other key, S3 or its client answers only that the request is
 * bad.
 */
export function mayHaveLatents(key: string): boolean {
  return key.isWellFormed() && Buffer.byteLength(latentsKey(key)) <= MAX_KEY;
}

/** The path of a picture in the API. The slashes of the key stay slashes. */
export function imagePath(key: string): string {
  return `/images/${key.split("/").map(encodeURIComponent).join("/")}`;
}

/** A key from an S3 event, which is encoded like a form: `+` is a space, and a plus sign is `%2B`. */
export function decodeEventKey(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll("+", " "));
}

export function encodeEventKey(key: string): string {
  return encodeURIComponent(key).replaceAll("%2F", "/").replaceAll("%20", "+");
}

/**
 * The key of a request to the API, from its path parameter. API Gateway decodes paths once, but leaves `%25` as it is,
 * both in `rawPath` and in the parameter. Emulators may decode the whole parameter and leave `rawPath` encoded. If the
 * two agree, only `%25` can still be encoded.
 */
export function requestedKey(rawPath: string, parameter: string): string {
  return rawPath.endsWith(`/images/${parameter}`) ? parameter.replaceAll("%25", "%") : parameter;
}

/** Whether an object is a folder made by the S3 console: no bytes, and a key that ends in a slash. */
export function isFolderMarker(key: string, size: number | undefined): boolean {
  return size === 0 && key.endsWith("/");
}

/**
 * A key as in manifests of S3 Batch Operations and in listings: percent-encoded, so that no comma or line break
 * remains.
 */
export function percentEncodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll("%2F", "/");
}

/** Compares by the bytes of UTF-8. The order of JavaScript differs beyond the Basic Multilingual Plane. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
