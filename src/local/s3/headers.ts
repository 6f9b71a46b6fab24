import type { IncomingMessage } from "node:http";
import { contentEncoding } from "./body.ts";
import { readXml, type Xml } from "./xml.ts";

/** The header with the tags of an object, as in a PUT: a form text such as `quality=30&model=faces`. */
export const TAGS = "x-amz-tagging";

/** Sent for objects that are not in STANDARD. */
export const STORAGE_CLASS = "x-amz-storage-class";
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

/** The headers of a request that S3 stores with an object. */
export function storedHeaders({ headers }: IncomingMessage): Record<string, string> {
  const kept: Record<string, string> = {
    "content-type": headers["content-type"] ?? "binary/octet-stream",
  };
  const encoding = contentEncoding(headers["content-encoding"]);
  if (encoding !== undefined) kept["content-encoding"] = encoding;
  for (const [name, value] of Object.entries(headers)) {
    const plain = ["cache-control", "content-disposition", "content-language", "expires"].includes(name);
    if (plain || name === TAGS || name === STORAGE_CLASS || name.startsWith("x-amz-meta-"))
      kept[name] = String(value);
  }
  return kept;
}

/** Metadata and tags of a copy: those of the source, or those of the request if its directive says so. */
export function copiedHeaders(request: IncomingMessage, source: Headers): Headers {
  const of = (directive: string) =>
    request.headers[directive] === "REPLACE" ? storedHeaders(request) : source;
  return withTags(of("x-amz-metadata-directive"), tagsOf(of("x-amz-tagging-directive")));
}
