import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ZippyNetError } from "../codec/errors.ts";
import { importDefaultModel } from "./default-package.ts";
import { locationOf, locationOfPackage, type ModelLocation } from "./location.ts";
import { parseManifest } from "./manifest.ts";

const SCOPE = "@zippynet";
const PREFIX = "model-";
const HERE = fileURLToPath(new URL(".", import.meta.url));

/**
 * The models that a program finds without being told: those of the folder ZIPPYNET_MODELS, else of this checkout, else
 * the packages `@zippynet/model-NAME` that are installed beside this one or where the program runs, and the one that
 * this package brings. Throws `bad-model` if there are none.
 */
export async function findModels(): Promise<ModelLocation[]> {
  const told = process.env["ZIPPYNET_MODELS"];
  if (told !== undefined) return modelsIn(told);
  const checkout = await modelsIn(join(HERE, "../../models")).catch(() => []);
  if (checkout.length > 0) return checkout;
  const found = new Map<number, ModelLocation>();
  for (const folder of packageFolders()) {
    for (const location of await packagesIn(folder)) {
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

/** The models of a folder, one sub-folder each. Throws `bad-model` if there are none. */
export async function modelsIn(folder: string): Promise<ModelLocation[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new ZippyNetError("bad-model", `expected a folder of models at ${folder}`, { cause });
  });
  const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
  const found = await Promise.all(folders.map(({ name }) => locationOf(join(folder, name))));
  const models = found.filter((location) => location !== undefined);
  if (models.length === 0) throw new ZippyNetError("bad-model", `expected models in ${folder}, found none`);
  return models;
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

async function packagesIn(folder: string): Promise<ModelLocation[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.filter((name) => name.startsWith(PREFIX)).map((name) => locationOf(join(folder, name))),
  );
  return found.filter((location) => location !== undefined);
}
