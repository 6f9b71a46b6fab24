/** The value of an XML element: text, a list of elements of one name, or named children. */
export type Xml = string | number | boolean | Xml[] | { readonly [name: string]: Xml | undefined };

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/** An XML document of one root element. */
export function writeXml(root: string, content: Xml, namespaced = true): string {
  const open = namespaced ? `${root} xmlns="${NAMESPACE}"` : root;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${open}>${inner(content)}</${root}>`;
}

function inner(content: Xml): string {
  if (Array.isArray(content)) return content.map(inner).join("");
  if (typeof content !== "object") return escapeText(String(content));
  return Object.entries(content)
    .map(([name, value]) => {
      if (value === undefined) return "";
      const values = Array.isArray(value) ? value : [value];
      return values.map((each) => `<${name}>${inner(each)}</${name}>`).join("");
    })
    .join("");
}

// XML 1.0 does not allow control characters, not even escaped, except for these three.
function escapeText(text: string): string {
  return text.replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * The text of every `<name>` within every `<parent>`, in order, one list for each parent. This is enough for the bodies
 * of Delete, CompleteMultipartUpload and PutObjectTagging, whose elements are not nested in themselves and have no
 * attributes.
 */
export function readXml(document: string, parent: string, name: string): (string | undefined)[] {
  const parents = document.matchAll(new RegExp(`<${parent}>(.*?)</${parent}>`, "gs"));
  return [...parents].map(([, content]) => {
    const text = new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(content!)?.[1];
    return text === undefined ? undefined : unescapeText(text);
  });
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeText(text: string): string {
  return text.replace(/&(#x?)?(\w+);/g, (whole, numeric: string | undefined, name: string) => {
    if (numeric === undefined) return ENTITIES[name] ?? whole;
    return String.fromCodePoint(Number.parseInt(name, numeric === "#x" ? 16 : 10));
  });
}
