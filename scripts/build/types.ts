import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { DIST, ROOT } from "./bundle.ts";

const IMPORT = /(from|import\()\s*"(\.[^"]+)\.ts"/g;

/** Emits the declarations of entries, and of what these name, into dist/types. @param entries modules, from `src` */
export async function buildTypes(entries: readonly string[]): Promise<void> {
  const all = join(DIST, "all-types");
  const options = ["--emitDeclarationOnly", "--declaration", "--noEmit", "false", "--outDir", all];
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  for (const project of ["tsconfig.build.json", "src/web/browser/tsconfig.build.json"]) {
    await promisify(execFile)(process.execPath, [tsc, "-p", project, ...options], { cwd: ROOT });
  }
  const seen = new Set<string>();
  const queue = entries.map((entry) => entry.replace(/\.ts$/, ".d.ts"));
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const text = await readFile(join(all, path), "utf8");
    for (const [, , target] of text.matchAll(IMPORT)) {
      queue.push(`${resolve("/", dirname(path), target!).slice(1)}.d.ts`);
    }
    const out = join(DIST, "types", path);
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, text.replace(IMPORT, '$1 "$2.js"').replaceAll('import( "', 'import("'));
  }
  await rm(all, { recursive: true });
}
