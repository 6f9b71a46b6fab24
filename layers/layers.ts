import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { modelsFolder } from "../src/model/folder.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** The folder in which serverless.yml expects the layers. Lambda unpacks each of them into /opt. */
export const LAYERS = join(ROOT, "dist/layers");

/** Lambda's names of its processors, and npm's names of them. */
const CPUS: Readonly<Record<string, string>> = { arm64: "arm64", x86_64: "x64" };

/** Makes the layer of the models, /opt/models. */
export async function buildModelLayer(): Promise<void> {
  const folder = join(LAYERS, "models/models");
  await rm(folder, { recursive: true, force: true });
  await cp(modelsFolder(), folder, { recursive: true, dereference: true });
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
