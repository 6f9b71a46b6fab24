import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { COMMON } from "./bundle.ts";

const PAGE = fileURLToPath(new URL("../page/", import.meta.url));
const SAMPLES = fileURLToPath(new URL("../../../test/images/", import.meta.url));

const COPIED = ["index.html", "icon.svg"];

/** Square sample pictures, in the order of the page. */
async function samples(): Promise<string[]> {
  const names = (await readdir(SAMPLES)).filter((name) => name.endsWith("-64.png"));
  return ["face-hat-128.png", ...names.filter((name) => name !== "face-hat-64.png").sort()];
}

/** Writes the page beside what it loads. @param assets as the decoder's own build has them, in JSON */
export async function buildPage(out: string, assets: string): Promise<void> {
  const names = await samples();
  await mkdir(join(out, "samples"), { recursive: true });
  await Promise.all([
    ...COPIED.map((name) => copyFile(join(PAGE, name), join(out, name))),
    ...names.map((name) => copyFile(join(SAMPLES, name), join(out, "samples", name))),
    writeFile(join(out, "service.json"), "{}\n"), // whoever serves the page may say where the service is
    build({
      ...COMMON,
      entryPoints: [
        { in: `${PAGE}page.ts`, out: "page" },
        { in: `${PAGE}page.css`, out: "page" },
        { in: `${PAGE}wall.ts`, out: "wall" },
        { in: `${PAGE}wall.css`, out: "wall" },
      ],
      outdir: out,
      format: "esm",
      define: { ZIPPYNET_SITE: assets, ZIPPYNET_SAMPLES: JSON.stringify(names) },
    }),
  ]);
}

/** Writes the service worker, which keeps all that lies in `out` but for models, scripts for others, and itself. */
export async function buildOffline(out: string): Promise<void> {
  const entries = await readdir(out, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name).slice(out.length).replaceAll("\\", "/").replace(/^\/+/, ""),
    )
    .filter((path) => !/^(models\/|zippynet\.|zippy-img\.|shared-|wall)/.test(path))
    .sort();
  const hash = createHash("sha256");
  for (const path of files) hash.update(path).update(await readFile(join(out, path)));
  const shell = {
    version: hash.digest("hex").slice(0, 16),
    paths: files.map((path) => (path === "index.html" ? "./" : path)),
  };
  await build({
    ...COMMON,
    entryPoints: { offline: `${PAGE}offline.ts` },
    outdir: out,
    format: "iife",
    define: { ZIPPYNET_SHELL: JSON.stringify(shell) },
  });
}
