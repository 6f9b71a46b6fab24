import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * All files in a folder, however deep, in any order. Hidden files and folders are left alone: systems keep their own in them, some
 * named as images (`._a.png`). Links to files are followed, links to folders are not. `fail` is told of what cannot be looked into.
 * Throws if that is the folder itself.
 */
export async function* walk(
  folder: string,
  fail: (path: string, error: unknown) => void,
): AsyncGenerator<string> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    try {
      if (entry.isDirectory()) yield* walk(path, fail);
      else if (entry.isFile() || (entry.isSymbolicLink() && (await stat(path)).isFile())) yield path;
    } catch (error) {
      fail(path, error);
    }
  }
}
