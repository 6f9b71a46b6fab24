import { open, stat } from "node:fs/promises";
import { basename, extname, relative, resolve } from "node:path";
import { ZippyNetError } from "../../codec/errors.ts";
import { type Failure, failure } from "../results.ts";

/** Standard input as an input, standard output as an output. */
export const STANDARD = "-";

export interface Input {
  /** Path of the file, or `-`. */
  readonly path: string;
  /** Where its output belongs in the output folder, with the input's own extension: `sub/a.png`. */
  readonly name: string;
}

/** Whether a file of a folder is an input. A file that is named itself always is. */
export type Wanted = (path: string) => boolean | Promise<boolean>;

/**
 * Files as they are, folders with all that is wanted in them, however deep, in order of name. What is not there or
 * cannot be looked into is a failure, and the rest is found. A file that is named twice is taken once. Hidden files and
 * folders in folders are left alone; links to files are followed, links to folders are not.
 */
export async function findInputs(
  names: readonly string[],
  wanted: Wanted,
): Promise<{ inputs: Input[]; failures: Failure[] }> {
  const named = await expandPatterns(names);
  const inputs = new Map<string, Input>();
  const failures: Failure[] = [];
  const add = (input: Input): void => {
    const key = input.path === STANDARD ? STANDARD : resolve(input.path);
    if (!inputs.has(key)) inputs.set(key, input);
  };
  for (const path of named) {
    if (path === STANDARD) {
      add({ path, name: "stdin" });
      continue;
    }
    const fail = (at: string, error: unknown): void => void failures.push(failure(at, error));
    try {
      if ((await stat(path)).isDirectory()) {
        const { walk } = await import("../../image/walk.ts");
        const files: string[] = [];
        for await (const file of walk(path, fail)) files.push(file);
        for (const file of files.sort()) {
          try {
            if (await wanted(file)) add({ path: file, name: relative(path, file) });
          } catch (error) {
            fail(file, error);
          }
        }
      } else {
        add({ path, name: basename(path) });
      }
    } catch (error) {
      const { badName } = await import("../../image/walk.ts");
      fail(path, path.includes("\ufffd") ? badName() : error); // what Node makes of bytes that are no UTF-8
    }
  }
  return { inputs: [...inputs.values()], failures };
}

/**
 * Patterns such as `photos/*.png` that no shell has expanded, as they were quoted, or as on Windows; what matches
 * nothing stays. A file that is called so itself is meant before any other.
 */
export async function expandPatterns(names: readonly string[]): Promise<string[]> {
  const expanded: string[] = [];
  for (const name of names) {
    if (!/[*?[{]/.test(name) || (await stat(name).catch(() => undefined))) {
      expanded.push(name);
      continue;
    }
    const { glob } = await import("node:fs/promises");
    if (!glob) {
      const wanted = `expected a file, as a pattern in quotes needs Node 22 or later, got ${name}`;
      throw new ZippyNetError("bad-option", `${wanted}; without quotes the shell expands it`);
    }
    const found: string[] = [];
    for await (const path of glob(name)) found.push(path);
    expanded.push(...(found.length > 0 ? found.sort() : [name]));
  }
  return expanded;
}

/** Files of a folder to encode: named as an image, or one by its first bytes. */
export async function isImageFile(path: string): Promise<boolean> {
  const { IMAGE_NAME } = await import("../../image/walk.ts");
  if (IMAGE_NAME.test(path)) return true;
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    const { sniff } = await import("../../image/sniff.ts");
    const mediaType = sniff(buffer.subarray(0, bytesRead));
    return mediaType?.startsWith("image/") ?? false;
  } finally {
    await file.close();
  }
}

/** Files of a folder to decode. */
export function isZnFile(path: string): boolean {
  return extname(path).toLowerCase() === ".zn";
}
