import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Where serverless.yml looks for its handlers. */
export const FUNCTIONS = join(ROOT, "dist/functions");

/** CommonJS packages in an ES module bundle look for these. */
const BANNER = `
import { createRequire as createRequireOf } from "node:module";
const require = createRequireOf(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;
`;

/**
 * Bundles the handlers into dist/functions, what they share into files of its own. Takes under a second. What an
 * earlier bundle left there stays unless `clean`: a running service may yet load it.
 */
export async function bundleFunctions({ clean }: { readonly clean: boolean }): Promise<void> {
  if (clean) await rm(FUNCTIONS, { recursive: true, force: true });
  const names = ["encode", "decode", "batch"];
  await bundle(
    names.map((name) => `src/handlers/${name}.ts`),
    FUNCTIONS,
  );
}

/** Bundles modules of the project, as the functions are. */
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
    conditions: ["module", "import", "node"], // ES modules where there are any: of those the unused half stays away
    alias: { sharp: "./layers/sharp-of-layer.ts" },
    banner: { js: BANNER },
    legalComments: "none",
    logLevel: "warning",
  });
  await stop(); // esbuild's own process, which would stay
}
