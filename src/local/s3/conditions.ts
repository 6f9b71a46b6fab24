import type { IncomingHttpHeaders } from "node:http";
import type { Guard, ObjectInfo } from "./disk.ts";
import { noSuchKey, preconditionFailed } from "./errors.ts";

/**
 * The condition of a PUT or DELETE: `If-None-Match: *` (there must be none), `If-Match` (the one there must be this).
 */
export function writeGuard(headers: IncomingHttpHeaders, key: string): Guard {
  const match = headers["if-match"];
  const noneMatch = headers["if-none-match"];
  return (current) => {
    if (noneMatch !== undefined && current && names(noneMatch, current)) {
      throw preconditionFailed("If-None-Match");
    }
    if (match === undefined) return;
    if (!current) throw noSuchKey(key);
    if (!names(match, current)) throw preconditionFailed("If-Match");
  };
}

/** What a conditional GET or HEAD asks for: the object, or only word that it has not changed. Throws 412. */
export function readCondition(headers: IncomingHttpHeaders, info: ObjectInfo): "object" | "not modified" {
  const match = headers["if-match"];
  const noneMatch = headers["if-none-match"];
  const seconds = Math.floor(Date.parse(info.modified) / 1000);
  if (match !== undefined) {
    if (!names(match, info)) throw preconditionFailed("If-Match");
  } else if (seconds > toSeconds(headers["if-unmodified-since"])) {
    throw preconditionFailed("If-Unmodified-Since");
  }
  if (noneMatch !== undefined) return names(noneMatch, info) ? "not modified" : "object";
  return seconds <= toSeconds(headers["if-modified-since"]) ? "not modified" : "object";
}

function names(header: string, { etag }: ObjectInfo): boolean {
  return header
    .split(",")
    .map((tag) => tag.trim())
    .some((tag) => tag === "*" || tag === etag || tag === `"${etag}"`);
}

/** NaN, which no comparison likes, without the header or a date in it. */
function toSeconds(date: string | undefined): number {
  return Math.floor(Date.parse(date ?? "") / 1000);
}
