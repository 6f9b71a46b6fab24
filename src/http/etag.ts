import { createHash } from "node:crypto";

/** An entity tag without its quotes, as metadata, manifests and S3's own records have it. */
export function bareTag(etag: string): string {
  return etag.replaceAll('"', "");
}

/**
 * The entity tag of one of the forms that something is sent in: it changes with the tag of the whole, and differs
 * between forms.
 */
export function formTag(etag: string, form: string): string {
  return `"${bareTag(etag)}-${form}"`;
}

/** The entity tag of bytes that bring none along: it changes with them. */
export function contentTag(bytes: Uint8Array): string {
  return `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
}

/** Whether an `If-None-Match` header names a tag (RFC 9110: weak comparison, a list, or `*` for any). */
export function matches(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return [...ifNoneMatch.matchAll(/"[^"]*"/g)].some(([named]) => named === tag);
}
