/** The entity tag of a picture: it changes with its latents and differs between the forms they are sent in. */
export function pictureTag(latentsEtag: string, form: string): string {
  return `"${latentsEtag.replaceAll('"', "")}-${form}"`;
}

/** Whether an `If-None-Match` header names a tag (RFC 9110: weak comparison, a list, or `*` for any). */
export function matches(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return [...ifNoneMatch.matchAll(/"[^"]*"/g)].some(([named]) => named === tag);
}
