/**
 * `npm run pack:all`: builds, and makes the tarballs that are to be published, in dist/tarballs. Prints their paths,
 * one a line, and nothing else on standard output. A person publishes them, from a workflow that states provenance:
 * `npm publish --provenance TARBALL`.
 */
import { execFile, spawnSync } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DIST, ROOT } from "./bundle.ts";
import { defaultModel, isFree, ownModels, writeModelPackage } from "./models.ts";

const STAGE = join(ROOT, ".cache/packages");
const TARBALLS = join(DIST, "tarballs");
/** Fields of package.json that are only for work on the project. */
const OWN_FIELDS = ["scripts", "devDependencies", "overrides"];

const built = spawnSync(process.execPath, [fileURLToPath(new URL("./main.ts", import.meta.url))], {
  stdio: ["ignore", 2, 2],
});
if (built.status !== 0) process.exit(built.status ?? 1);

const own = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
const models = await ownModels();
const usual = defaultModel(models);
if (!isFree(usual)) {
  const { name, licence } = usual.manifest;
  console.error(`note: no model may be used for anything; zippynet depends on ${name} (licence: ${licence})`);
}
await rm(STAGE, { recursive: true, force: true });
await mkdir(TARBALLS, { recursive: true });
await stageLibrary(join(STAGE, "zippynet"));
console.log(await pack(join(STAGE, "zippynet")));
for (const model of models) {
  const folder = join(STAGE, `model-${model.manifest.name}`);
  await writeModelPackage(model, folder, { version: own.version, repository: own.repository });
  console.log(await pack(folder));
}

async function stageLibrary(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const leftOut = ["tarballs", "web", "layers", "functions"].map((name) => join(DIST, name));
  // `files` of package.json says what of these the tarball holds
  for (const path of ["README.md", "LICENSE", "bin", "dist", "tools/torch"]) {
    await cp(join(ROOT, path), join(folder, path), {
      recursive: true,
      filter: (from) => !leftOut.includes(from) && !/[\\/](\.venv|__pycache__|losses)$/.test(from),
    });
  }
  const stated = Object.fromEntries(Object.entries(own).filter(([field]) => !OWN_FIELDS.includes(field)));
  const dependencies = { ...own.dependencies, [usual.packageName]: own.version };
  await writeFile(
    join(folder, "package.json"),
    `${JSON.stringify({ ...stated, dependencies }, undefined, 2)}\n`,
  );
}

/** Gives the path of the tarball. */
async function pack(folder: string): Promise<string> {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", TARBALLS];
  const { stdout } = await promisify(execFile)("npm", args, {
    cwd: folder,
    shell: process.platform === "win32",
    maxBuffer: 1 << 26,
  });
  const report: unknown = JSON.parse(stdout);
  const [{ filename }] = (Array.isArray(report) ? report : Object.values(report as object)) as [
    { filename: string },
  ];
  return join(TARBALLS, filename.replace("@", "").replace("/", "-"));
}
