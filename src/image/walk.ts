import { isUtf8 } from "node:buffer";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ZippyNetError } from "../codec/errors.ts";

/** Names of image files that are read. Others may be images too: their first bytes say. */
export const IMAGE_NAME = /\.(jpe?g|jpe|jfif|png|webp|avif|gif|tiff?)$/i;

/**
 * All files in a folder and its sub-folders, in any order. Hidden files and folders are skipped: systems keep their own
 * files there, some with names of images (`._a.png`). Links to files are followed, links to folders are not. `fail` is
 * called for folders that cannot be read. Throws if the folder itself cannot be read.
 */
export async function* walk(
  folder: string,
  fail: (path: string, error: unknown) => void,
): AsyncGenerator<string> {
  for (const entry of await readdir(folder, { withFileTypes: true, encoding: "buffer" })) {
    const name = entry.name.toString("utf8");
    if (name.startsWith(".")) continue;
    const path = join(folder, name);
    if (!isUtf8(entry.name)) {
      fail(join(folder, escaped(entry.name)), badName());
      continue;
    }
    try {
      if (entry.isDirectory()) yield* walk(path, fail);
      else if (entry.isFile() || (entry.isSymbolicLink() && (await stat(path)).isFile())) yield path;
    } catch (error) {
      fail(path, error);
    }
  }
}

/** Node cannot open a file by its name as text if the name is not UTF-8. */
export function badName(): ZippyNetError {
  return new ZippyNetError("bad-option", "expected a file name in UTF-8, got other bytes: rename the file");
}

/** A name in the form of bash's `$'…'`: everything except printable ASCII as `\xNN`. */
function escaped(name: Uint8Array): string {
  return Array.from(name, (byte) =>
    byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  ).join("");
}
