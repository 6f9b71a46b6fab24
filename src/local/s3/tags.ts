import { readXml, type Xml } from "./xml.ts";

/** The header that an object's tags are kept in, as a PUT may carry them: a form's text, `quality=30&model=faces`. */
export const TAGS = "x-amz-tagging";

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

/** The tags of a PutObjectTagging's body. */
export function readTagging(document: string): URLSearchParams {
  const [keys, values] = [readXml(document, "Tag", "Key"), readXml(document, "Tag", "Value")];
  const tags = new URLSearchParams();
  keys.forEach((key, i) => {
    tags.append(key ?? "", values[i] ?? "");
  });
  return tags;
}
