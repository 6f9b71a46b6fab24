import type { IncomingHttpHeaders } from "node:http";
import type { Guard, ObjectInfo } from "./disk.ts";
import { noSuchKey, preconditionFailed } from "./errors.ts";

/**
 * The condition of a PUT or DELETE: `If-None-Match: *` (there must be no object), `If-Match` (there must be this one).
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

/** Whether a conditional GET or HEAD gets the object, or only the answer that it has not changed. Throws 412. */
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

/** NaN if there is no such header, or no date in it: then all comparisons are false. */
function toSeconds(date: string | undefined): number {
  return Math.floor(Date.parse(date ?? "") / 1000);
}
