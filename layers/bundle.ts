import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** The folder in which serverless.yml expects the handlers. */
export const FUNCTIONS = join(ROOT, "dist/functions");

/** CommonJS packages need these in an ES module bundle. */
const BANNER = `
import { createRequire as createRequireOf } from "node:module";
const require = createRequireOf(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;
`;

/**
 * Bundles the handlers into dist/functions, with shared code in files of its own. Takes less than a second. Files of an
 * earlier bundle stay unless `clean` is set, because a running service may still load them.
 */
export async function bundleFunctions({ clean }: { readonly clean: boolean }): Promise<void> {
  if (clean) await rm(FUNCTIONS, { recursive: true, force: true });
  const names = ["encode", "decode", "batch"];
  await bundle(
    names.map((name) => `src/handlers/${name}.ts`),
    FUNCTIONS,
  );
}

/** Bundles modules of the project with the same settings as the functions. */
export async function bundle(entryPoints: readonly string[], folder: string): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: [...entryPoints],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    minifyWhitespace: true,
    minifySyntax: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    // ES modules where there are any, because unused code can be left out of them
    conditions: ["module", "import", "node"],
    alias: { sharp: "./layers/sharp-of-layer.ts" },
    banner: { js: BANNER },
    legalComments: "none",
    logLevel: "warning",
  });
  await stop(); // ends the process of esbuild, which would keep running
}
