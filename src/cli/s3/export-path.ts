import { ZippyNetError } from "../../codec/errors.ts";

/** Bytes of a file's name that every usual file system takes, with room for the extension and the draft's. */
const MAX_NAME = 240;

/**
 * The path of an exported picture within its folder: the upload's key and the extension, `a/b c.jpg` → `a/b c.jpg.png`.
 * The extension is always added, so that no two keys meet. Parts that a file system would take for something else
 * (`..`, `.`, nothing, and what begins with `%` itself) are escaped with `%`. A folder that is called as the picture of
 * another key may be, `a.png/b` beside `a`, gets a `%` behind: `a.png%/b.png`. Throws `bad-option` for names that are
 * too long or have a zero byte.
 */
export function exportPath(key: string, extension: string): string {
  const parts = key.split("/");
  const path = parts
    .map((part, i) => {
      if (part === "") return "%";
      if (part === "." || part === "..") return part.replaceAll(".", "%2E");
      const plain = part.startsWith("%") ? part.replaceAll("%", "%25") : part;
      const folder = i < parts.length - 1;
      return folder && plain.toLowerCase().replace(/%+$/, "").endsWith(extension) ? `${plain}%` : plain;
    })
    .join("/");
  const longest = Math.max(...path.split("/").map((part) => Buffer.byteLength(part)));
  if (longest > MAX_NAME || path.includes("\0")) {
    throw new ZippyNetError(
      "bad-option",
      `expected a key whose parts are file names of at most ${MAX_NAME} bytes, got ${JSON.stringify(key)}`,
    );
  }
  return path + extension;
}
