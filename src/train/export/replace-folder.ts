import { cp, mkdir, mkdtemp, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { makeFolders } from "../../make-folders.ts";

/**
 * Has a draft filled beside a folder and puts it in that one's place, so that who reads the folder finds all of the old
 * files or all of the new. What the folder has and the draft lacks is kept. If filling fails, the folder stays as it
 * was.
 */
export async function replaceFolder(folder: string, fill: (draft: string) => Promise<void>): Promise<void> {
  const place = await realpath(folder).catch(() => resolve(folder)); // of a link, the folder that it leads to
  await makeFolders(dirname(place));
  // one level deeper than the models of a folder are looked for: a draft is none of them
  const aside = await mkdtemp(join(dirname(place), ".draft-"));
  const [draft, old] = [join(aside, "new"), join(aside, "old")];
  try {
    await mkdir(draft);
    await fill(draft);
    if (await isFolder(place)) {
      await cp(place, draft, { recursive: true, force: false, verbatimSymlinks: true });
      await rename(place, old);
    }
    await rename(draft, place).catch(async (error: unknown) => {
      if (await isFolder(old)) await rename(old, place);
      throw error;
    });
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    await rmdir(aside).catch(() => undefined); // not if the old folder is still in it
    throw error;
  }
  await rm(aside, { recursive: true });
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
