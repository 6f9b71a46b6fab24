import { access, mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and those above it, where they are not there. Node's own `mkdir` with `recursive` tries for ever where
 * a file system refuses a new folder with ENOENT, as `/proc` does. Throws the system's error.
 */
export async function makeFolders(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (await isFolder(folder)) return;
    if (code !== "ENOENT") throw error;
    const above = dirname(resolve(folder));
    // where it is there by now, another task may have made it since: then the folder can be made, and in /proc it still
    // cannot
    if (!(await isFolder(above))) await makeFolders(above);
    await mkdir(folder).catch(async (again: unknown) => {
      if (!(await isFolder(folder))) throw again; // another task may have made it meanwhile
    });
  }
}

/** Whether there is something at a path. Throws the system's error where it does not say. */
export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ENOENT" || code === "ENOTDIR") return false;
      throw error;
    },
  );
}

/** Whether a path leads to a folder, also by links. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
