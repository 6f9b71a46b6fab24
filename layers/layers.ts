import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { entryOf, modelsFolder, modelsIn } from "../src/model/folder.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** The folder in which serverless.yml expects the layers. Lambda unpacks each of them into /opt. */
export const LAYERS = join(ROOT, "dist/layers");

/** Lambda's names of its processors, and npm's names of them. */
const CPUS: Readonly<Record<string, string>> = { arm64: "arm64", x86_64: "x64" };

/** Which models the layer has. */
export interface ModelWish {
  /** As the functions' setting: names with commas between, or `auto`. */
  readonly model: string;
  /** Also those that are for research alone. */
  readonly research: boolean;
}

/**
 * Makes the layer of the models, /opt/models: of each its manifest and weights. Models for research alone, which their
 * terms keep from a business, are left out unless they are named or wished for. Where no other model is, all are taken,
 * as encoders do. Returns the names of those that are taken. Throws if a model that is named is not there.
 */
export async function buildModelLayer(
  { model, research }: ModelWish,
  from = modelsFolder(),
  folder = join(LAYERS, "models/models"),
): Promise<string[]> {
  const models = (await modelsIn(from)).map((place) => ({
    ...entryOf(place),
    files: ["manifest.json", ...Object.keys(place.files)],
  }));
  const named = new Set(model.split(",").map((name) => name.trim()));
  for (const name of named) {
    if (name === "auto" || models.some((each) => each.name === name)) continue;
    const known = models.map((each) => each.name).sort();
    throw new Error(`expected a model of ${known.join(", ")} or auto, got "${name}"`);
  }
  const all = research || models.every((each) => each.research);
  await rm(folder, { recursive: true, force: true });
  const taken = models.filter(({ name, research: isResearch }) => all || !isResearch || named.has(name));
  for (const { name, files, read } of taken) {
    await mkdir(join(folder, name), { recursive: true });
    for (const file of files) await writeFile(join(folder, name, file), await read(file));
  }
  return taken.map(({ name }) => name);
}

/**
 * Makes the layer of sharp with its binaries for Linux, /opt/nodejs/node_modules, in the version that is installed
 * here. An existing layer is kept.
 */
export async function buildSharpLayer(architecture: string): Promise<void> {
  const cpu = CPUS[architecture];
  if (!cpu) {
    throw new Error(`expected an architecture of ${Object.keys(CPUS).join(" or ")}, got "${architecture}"`);
  }
  const folder = join(LAYERS, "sharp/nodejs");
  const { version } = JSON.parse(await readFile(join(ROOT, "node_modules/sharp/package.json"), "utf8")) as {
    version: string;
  };
  const wanted = `${JSON.stringify({ private: true, dependencies: { sharp: version }, cpu: [cpu] })}\n`;
  const stamp = join(folder, "package.json");
  if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return;

  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const options = [
    "--os=linux",
    `--cpu=${cpu}`,
    "--libc=glibc",
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
  ];
  await promisify(execFile)("npm", ["install", "--prefix", folder, ...options, `sharp@${version}`], {
    shell: process.platform === "win32",
  });
  await writeFile(stamp, wanted);
}
