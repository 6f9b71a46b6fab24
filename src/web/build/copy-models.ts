import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { filesOf, parseManifest } from "../../model/manifest.ts";
import type { SiteModel } from "./contents.ts";

/** Hexadecimal digits of the SHA-256 in a folder name. The whole hash is checked when a file is loaded. */
const DIGITS = 16;

/** Copies every model of a folder, and gives them sorted by number. Throws `bad-model`. */
export async function copyModels(models: string, out: string): Promise<SiteModel[]> {
  const entries = await readdir(models, { withFileTypes: true });
  const found: SiteModel[] = [];
  for (const { name } of entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink())) {
    const json = await readFile(join(models, name, "manifest.json")).catch(() => undefined);
    if (json) found.push(await copyModel(join(models, name), json, out));
  }
  return found.sort((a, b) => a.manifest.number - b.manifest.number);
}

async function copyModel(from: string, json: Uint8Array, out: string): Promise<SiteModel> {
  const manifest = parseManifest(new TextDecoder().decode(json));
  const folder = `models/${manifest.number}-${sha256(json).slice(0, DIGITS)}`;
  await mkdir(join(out, folder), { recursive: true });
  await writeFile(join(out, folder, "manifest.json"), json);
  const files = filesOf(manifest);
  for (const file of files) await copyFile(join(from, file), join(out, folder, file));
  return { manifest, folder, files };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
