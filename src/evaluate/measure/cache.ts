import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import type { Image } from "../../codec/image.ts";
import { makeFolders } from "../../folders.ts";
import { modelsFolder } from "../../model/folder.ts";

const FOLDER = fileURLToPath(new URL("../../../.cache/evaluate", import.meta.url));

/** SHA-256 of sizes and pixels, in order. */
export function hashImages(images: readonly Image[]): string {
  const hash = createHash("sha256");
  for (const { width, height, data } of images) hash.update(`${width}×${height};`).update(data);
  return hash.digest("hex");
}

/**
 * Work that depends on nothing but its key and the versions of sharp's libraries: done once, kept as JSON in an ignored
 * folder of the checkout. Where that cannot be written, the work is done each time.
 */
export async function cached<T>(key: unknown, work: () => Promise<T>): Promise<T> {
  const text = JSON.stringify({ key, versions: sharp.versions });
  const path = join(FOLDER, `${createHash("sha256").update(text).digest("hex").slice(0, 32)}.json`);
  const found = await readFile(path, "utf8").catch(() => undefined);
  if (found !== undefined) return JSON.parse(found) as T;
  const result = await work();
  try {
    await makeFolders(FOLDER);
    const draft = `${path}.${process.pid}.part`;
    await writeFile(draft, JSON.stringify(result));
    await rename(draft, path);
  } catch {
    // a cache is a courtesy
  }
  return result;
}

const SOURCES = ["codec", "model", "image"].map((name) =>
  fileURLToPath(new URL(`../../${name}`, import.meta.url)),
);

/**
 * SHA-256 of all that our own files come from: the code of codec, model and image, and the models, by their manifests
 * apart.
 */
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

/** The version of an installed package, as a part of a cache's key. */
export function packageVersion(name: string): string {
  const path = new URL(`../../../node_modules/${name}/package.json`, import.meta.url);
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  return version;
}
