import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ZippyNetError } from "../codec/errors.ts";
import { importDefaultModel } from "./default-package.ts";
import { filesOf, parseManifest } from "./manifest.ts";
import type { ModelLocation } from "./models.ts";
import { type ModelPackage, manifestOf, placeOf } from "./package.ts";

const SCOPE = "@zippynet";
const PREFIX = "model-";
const HERE = fileURLToPath(new URL(".", import.meta.url));

type ReadFolder = (folder: string) => Promise<ModelLocation | undefined>;

/**
 * The models of the packages `@zippynet/model-NAME` that are installed beside this one or where the program runs, and
 * of the one that this package brings. Throws `bad-model` if there are none.
 * @param locationOf reads a folder with a manifest, if it is one
 */
export async function packagedModels(locationOf: ReadFolder): Promise<ModelLocation[]> {
  const found = new Map<number, ModelLocation>();
  for (const folder of packageFolders()) {
    for (const location of await packagesIn(folder, locationOf)) {
      const { number } = parseManifest(location.manifest);
      if (!found.has(number)) found.set(number, location);
    }
  }
  const own = await importDefaultModel();
  if (own && !found.has(own.manifest.number)) found.set(own.manifest.number, await locationOfPackage(own));
  if (found.size > 0) return [...found.values()];
  throw new ZippyNetError(
    "bad-model",
    `expected a package ${SCOPE}/${PREFIX}NAME to be installed, or ZIPPYNET_MODELS to name a folder of models`,
  );
}

/** The files of a package `@zippynet/model-NAME`. Throws `bad-model` for what is none. */
export async function locationOfPackage(from: ModelPackage): Promise<ModelLocation> {
  const manifest = manifestOf(from);
  const files: Record<string, string | Uint8Array> = {};
  for (const name of filesOf(parseManifest(manifest))) {
    const place = await placeOf(from, name);
    if (place !== undefined) files[name] = place;
  }
  return { manifest, files };
}

/**
 * Folders where packages of models may be, nearest first: those above this module, then those above where the program
 * runs.
 */
function packageFolders(): string[] {
  const above = (folder: string): string[] => {
    const parent = dirname(folder);
    return [join(folder, "node_modules", SCOPE), ...(parent === folder ? [] : above(parent))];
  };
  return [...new Set([...above(HERE), ...above(process.cwd())])];
}

async function packagesIn(folder: string, locationOf: ReadFolder): Promise<ModelLocation[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.filter((name) => name.startsWith(PREFIX)).map((name) => locationOf(join(folder, name))),
  );
  return found.filter((location) => location !== undefined);
}
