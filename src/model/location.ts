import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ZippyNetError } from "../codec/errors.ts";
import { parseManifest } from "./manifest.ts";
import type { ModelEntry } from "./models.ts";
import { type ModelPackage, placeOf } from "./package.ts";

/** Where a model's files are; plain data, so that it can be sent to a thread. */
export interface ModelLocation {
  /** manifest.json. */
  readonly manifest: string;
  /** The weights by name: their URLs, or their bytes. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

/** A folder with a manifest and the weights that it names; none where there is no manifest. Throws `bad-model`. */
export async function locationOf(folder: string): Promise<ModelLocation | undefined> {
  const manifest = await readFile(join(folder, "manifest.json"), "utf8").catch(() => undefined);
  if (manifest === undefined) return undefined;
  const names = Object.values(parseManifest(manifest).blobs).map(({ file }) => file);
  return {
    manifest,
    files: Object.fromEntries(names.map((name) => [name, pathToFileURL(join(folder, name)).href])),
  };
}

/** The files of a package `@zippynet/model-NAME`. Throws `bad-model` for what is none. */
export async function locationOfPackage(from: ModelPackage): Promise<ModelLocation> {
  const manifest = JSON.stringify(from.manifest);
  parseManifest(manifest);
  const files: Record<string, string | Uint8Array> = {};
  for (const name of Object.keys(from.files)) {
    const place = await placeOf(from, name);
    if (place !== undefined) files[name] = place;
  }
  return { manifest, files };
}

export function entryOf({ manifest, files }: ModelLocation): ModelEntry {
  const { number, name, description, research } = parseManifest(manifest);
  const read = async (file: string): Promise<Uint8Array> => {
    if (file === "manifest.json") return new TextEncoder().encode(manifest);
    const place = files[file];
    if (place === undefined)
      throw new ZippyNetError("bad-model", `${name}: expected the file ${file}, got ${Object.keys(files)}`);
    return typeof place === "string" ? readUrl(place) : place;
  };
  return { number, name, description, research, read };
}

async function readUrl(url: string): Promise<Uint8Array> {
  if (url.startsWith("file:")) return readFile(fileURLToPath(url));
  const response = await fetch(url);
  if (!response.ok)
    throw new ZippyNetError("unavailable", `${url}: expected status 200, got ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
