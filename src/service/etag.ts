import { createHash } from "node:crypto";

/** The entity tag of a picture: it changes with its latents and differs between the forms they are sent in. */
export function pictureTag(latentsEtag: string, form: string): string {
  return `"${latentsEtag.replaceAll('"', "")}-${form}"`;
}

/** The entity tag of what is made anew each time: it changes with the bytes. */
export function textTag(bytes: Uint8Array): string {
  return `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
}

/** Whether an `If-None-Match` header names a tag (RFC 9110: weak comparison, a list, or `*` for any). */
export function matches(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return [...ifNoneMatch.matchAll(/"[^"]*"/g)].some(([named]) => named === tag);
}
