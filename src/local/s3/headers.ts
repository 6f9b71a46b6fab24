import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { contentEncoding } from "./body.ts";
import type { Guard, ObjectInfo } from "./disk.ts";
import { noSuchKey, preconditionFailed, S3Error } from "./errors.ts";
import { readXml, type Xml } from "./xml.ts";

/** The header with the tags of an object, as in a PUT: a form text such as `quality=30&model=faces`. */
const TAGS = "x-amz-tagging";

/** With this the names of metadata begin in headers. */
const METADATA = "x-amz-meta-";

/** Sent for objects that are not in STANDARD. */
const STORAGE_CLASS = "x-amz-storage-class";
/** Says whether an archived object can be read for a while. */
export const RESTORE = "x-amz-restore";

/** Whether the bytes of an object cannot be read until it is restored. */
export function isArchived(headers: Headers): boolean {
  const archived = ["GLACIER", "DEEP_ARCHIVE"].includes(headers[STORAGE_CLASS] ?? "");
  return archived && headers[RESTORE] === undefined;
}

/** Headers of an object, with names in lower case. */
type Headers = Readonly<Record<string, string>>;

export function tagsOf(headers: Headers): URLSearchParams {
  return new URLSearchParams(headers[TAGS] ?? "");
}

export function withoutTags({ [TAGS]: _, ...others }: Headers): Headers {
  return others;
}

export function withTags(headers: Headers, tags: URLSearchParams): Headers {
  return { ...withoutTags(headers), ...(tags.size > 0 && { [TAGS]: tags.toString() }) };
}

/** The answer to GetObjectTagging. */
export function tagSet(headers: Headers): Xml {
  return { TagSet: { Tag: [...tagsOf(headers)].map(([Key, Value]) => ({ Key, Value })) } };
}

/** The tags in the body of a PutObjectTagging. */
export function readTagging(document: string): URLSearchParams {
  const [keys, values] = [readXml(document, "Tag", "Key"), readXml(document, "Tag", "Value")];
  const tags = new URLSearchParams();
  keys.forEach((key, i) => {
    tags.append(key ?? "", values[i] ?? "");
  });
  return tags;
}

/** Bytes of all names and values of an object's metadata. */
const MAX_METADATA = 2048;

/** The headers of a request that S3 stores with an object. Throws `MetadataTooLarge`. */
export function storedHeaders({ headers }: IncomingMessage): Record<string, string> {
  const kept: Record<string, string> = {
    "content-type": headers["content-type"] ?? "binary/octet-stream",
  };
  const encoding = contentEncoding(headers["content-encoding"]);
  if (encoding !== undefined) kept["content-encoding"] = encoding;
  for (const [name, value] of Object.entries(headers)) {
    const plain = ["cache-control", "content-disposition", "content-language", "expires"].includes(name);
    if (plain || name === TAGS || name === STORAGE_CLASS || name.startsWith(METADATA))
      kept[name] = String(value);
  }
  const bytes = Object.entries(kept)
    .filter(([name]) => name.startsWith(METADATA))
    .reduce(
      (sum, [name, value]) => sum + Buffer.byteLength(name) - METADATA.length + Buffer.byteLength(value),
      0,
    );
  if (bytes > MAX_METADATA) {
    const message = "Your metadata headers exceed the maximum allowed metadata size";
    throw new S3Error(400, "MetadataTooLarge", `${message}: ${bytes} of ${MAX_METADATA} bytes`);
  }
  return kept;
}

/** Metadata and tags of a copy: those of the source, or those of the request if its directive says so. */
export function copiedHeaders(request: IncomingMessage, source: Headers): Headers {
  const of = (directive: string) =>
    request.headers[directive] === "REPLACE" ? storedHeaders(request) : source;
  return withTags(of("x-amz-metadata-directive"), tagsOf(of("x-amz-tagging-directive")));
}

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
