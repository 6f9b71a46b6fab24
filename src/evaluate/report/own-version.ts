import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { modelsFolder } from "../../model/folder.ts";

const SOURCES = ["codec", "model", "image"].map((name) =>
  fileURLToPath(new URL(`../../${name}`, import.meta.url)),
);

/** SHA-256 of all that our own files come from: the code of codec, model and image, and the models, which manifests tell apart. */
export async function ownVersion(): Promise<string> {
  const hash = createHash("sha256");
  for (const [folder, wanted] of [
    ...SOURCES.map((folder) => [folder, /\.ts$/] as const),
    [modelsFolder(), /^manifest\.json$/] as const,
  ]) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => wanted.test(entry.name));
    for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
      hash.update(await readFile(path));
    }
  }
  return hash.digest("hex");
}
