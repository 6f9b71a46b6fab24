import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ZippyNetError } from "../codec/errors.ts";
import { parseManifest } from "./manifest.ts";
import type { ModelEntry } from "./models.ts";
import type { ModelPackage } from "./package.ts";

/** Where a model's files are; plain data, so that it can be sent to a thread. */
export interface ModelLocation {
  /** manifest.json. */
  readonly manifest: string;
  /** URLs of the weights, by name. */
  readonly files: Readonly<Record<string, string>>;
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
export function locationOfPackage({ manifest, files }: ModelPackage): ModelLocation {
  const text = JSON.stringify(manifest);
  parseManifest(text);
  return {
    manifest: text,
    files: Object.fromEntries(Object.entries(files).map(([name, url]) => [name, String(url())])),
  };
}

export function entryOf({ manifest, files }: ModelLocation): ModelEntry {
  const { number, name, description } = parseManifest(manifest);
  const read = async (file: string): Promise<Uint8Array> => {
    if (file === "manifest.json") return new TextEncoder().encode(manifest);
    const url = files[file];
    if (url === undefined)
      throw new ZippyNetError("bad-model", `${name}: expected the file ${file}, got ${Object.keys(files)}`);
    return readUrl(url);
  };
  return { number, name, description, read };
}

async function readUrl(url: string): Promise<Uint8Array> {
  if (url.startsWith("file:")) return readFile(fileURLToPath(url));
  const response = await fetch(url);
  if (!response.ok)
    throw new ZippyNetError("unavailable", `${url}: expected status 200, got ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
