import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ZippyNetError } from "../../codec/errors.ts";
import { isFolder, makeFolders } from "../../folders.ts";
import { type Manifest, parseManifest } from "../../model/manifest.ts";

/** Numbers that are users' own. */
export const OWN = { first: 192, last: 255 } as const;

/**
 * The number of a model that is to be exported to a folder: the one asked for, else that of the model it replaces, else
 * the first free one of users' own. Throws `bad-option` if the model there is released, which never changes, or if
 * another one beside it has the number or the name: no command would then load any.
 */
export async function numberAt(out: string, name: string, asked?: number): Promise<number> {
  const replaced = await modelToReplace(out);
  const others = await modelsAround(out);
  const number = asked ?? replaced?.number ?? firstFree(others, out);
  for (const other of others) {
    if (other.name === name) {
      throw new ZippyNetError(
        "bad-option",
        `--domain: expected a name of its own, got "${name}" as in ${other.folder}`,
      );
    }
    if (other.number === number) {
      throw new ZippyNetError(
        "bad-option",
        `--number: expected a number of its own, got ${number} as in ${other.folder}`,
      );
    }
  }
  return number;
}

async function modelToReplace(out: string): Promise<Manifest | undefined> {
  const path = join(out, "manifest.json");
  const expected = (what: string, options?: ErrorOptions) =>
    new ZippyNetError("bad-option", `--out: expected a folder for a model, got ${what}`, options);
  let json: string;
  try {
    json = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw expected(`${path}, which cannot be read`, { cause: error });
  }
  const manifest = parsed(json);
  if (!manifest) throw expected(`${path}, which is not a model's`);
  if (manifest.released) throw expected(`the released model ${manifest.name} at ${out}, which never changes`);
  return manifest;
}

/** The models in the folder that `out` is in. */
async function modelsAround(out: string): Promise<(Manifest & { readonly folder: string })[]> {
  const parent = dirname(resolve(out));
  const names = await readdir(parent).catch(() => []); // the folder may be made only with the model
  const models = await Promise.all(
    names
      .filter((name) => name !== basename(resolve(out)))
      .map(async (name) => {
        const folder = join(parent, name);
        const manifest = parsed(await readFile(join(folder, "manifest.json"), "utf8").catch(() => ""));
        return manifest ? [{ ...manifest, folder }] : []; // a web page has a manifest.json too
      }),
  );
  return models.flat();
}

function parsed(json: string): Manifest | undefined {
  try {
    return parseManifest(json);
  } catch {
    return undefined;
  }
}

function firstFree(others: readonly Manifest[], out: string): number {
  for (let number: number = OWN.first; number <= OWN.last; number++) {
    if (others.every((other) => other.number !== number)) return number;
  }
  throw new ZippyNetError(
    "bad-option",
    `--number: expected one of ${OWN.first}–${OWN.last} to be free beside ${out}, got all taken`,
  );
}

/**
 * Replaces a folder in one step, so that readers find all of the old files or all of the new ones. `fill` writes the
 * new files into a draft beside it. Files that only the old folder has are kept. If `fill` fails, the folder is
 * unchanged.
 */
export async function replaceFolder(folder: string, fill: (draft: string) => Promise<void>): Promise<void> {
  const place = await realpath(folder).catch(() => resolve(folder)); // the folder behind a link
  await makeFolders(dirname(place));
  // one level deeper than where models are searched, so that a draft is never taken for one
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
