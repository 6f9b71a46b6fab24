import { compareKeys, percentEncodeKey } from "../../service/aws/keys.ts";
import type { ObjectInfo } from "./disk.ts";
import type { Xml } from "./xml.ts";

/** ListObjects (V1 and V2) over all objects of a bucket, in the order of their keys. */
export function listObjects(
  bucket: string,
  objects: readonly ObjectInfo[],
  query: URLSearchParams,
): { readonly [name: string]: Xml | undefined } {
  const v2 = query.get("list-type") === "2";
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const limit = Math.min(1000, Math.max(0, Number(query.get("max-keys") ?? 1000) || 0));
  const token = query.get("continuation-token");
  const after = token
    ? Buffer.from(token, "base64url").toString()
    : (query.get(v2 ? "start-after" : "marker") ?? "");
  const encode = query.get("encoding-type") === "url" ? percentEncodeKey : (key: string): string => key;

  const contents: ObjectInfo[] = [];
  const prefixes: string[] = [];
  let [last, more] = ["", false];
  for (const info of objects) {
    if (!info.key.startsWith(prefix) || compareKeys(info.key, after) <= 0) continue;
    const end = delimiter ? info.key.indexOf(delimiter, prefix.length) : -1;
    const common = end < 0 ? undefined : info.key.slice(0, end + delimiter.length);
    if (common !== undefined && (prefixes.at(-1) === common || after === common)) continue;
    if (common !== undefined && after.startsWith(common)) continue;
    if (contents.length + prefixes.length === limit) {
      more = true;
      break;
    }
    if (common === undefined) contents.push(info);
    else prefixes.push(common);
    last = common ?? info.key;
  }

  return {
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter ? encode(delimiter) : undefined,
    MaxKeys: limit,
    EncodingType: query.get("encoding-type") ?? undefined,
    IsTruncated: more,
    ...(v2
      ? {
          KeyCount: contents.length + prefixes.length,
          ContinuationToken: token ?? undefined,
          NextContinuationToken: more ? Buffer.from(last).toString("base64url") : undefined,
          StartAfter: query.has("start-after") ? encode(query.get("start-after")!) : undefined,
        }
      : { Marker: encode(after), NextMarker: more ? encode(last) : undefined }),
    Contents: contents.map((info) => ({
      Key: encode(info.key),
      LastModified: info.modified,
      ETag: `"${info.etag}"`,
      Size: info.size,
      StorageClass: "STANDARD",
    })),
    CommonPrefixes: prefixes.map((each) => ({ Prefix: encode(each) })),
  };
}
