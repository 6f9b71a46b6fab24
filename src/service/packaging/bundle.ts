import { copyFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Where serverless.yml looks for its handlers. */
export const FUNCTIONS = join(ROOT, "dist/functions");

/** The kernels of TensorFlow.js that an encoder's search runs on; without SIMD there would be no codec either. */
const WASM = "tfjs-backend-wasm-simd.wasm";

/** CommonJS packages in an ES module bundle look for these; the kernels lie beside the bundle. */
const BANNER = `
import { createRequire as createRequireOf } from "node:module";
const require = createRequireOf(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;
process.env.ZIPPYNET_WASM ??= __dirname;
`;

/**
 * Bundles the handlers into dist/functions, what they share into files of its own, and copies the WebAssembly beside them. Takes
 * under a second. What an earlier bundle left there stays unless `clean`: a running service may yet load it.
 */
export async function bundleFunctions({ clean }: { readonly clean: boolean }): Promise<void> {
  if (clean) await rm(FUNCTIONS, { recursive: true, force: true });
  const names = ["encode", "decode", "batch"];
  await bundle(
    names.map((name) => `src/handlers/${name}.ts`),
    FUNCTIONS,
  );
  const kernels = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"));
  await copyFile(join(kernels, WASM), join(FUNCTIONS, WASM));
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
    alias: {
      sharp: "./src/service/packaging/sharp-of-layer.ts",
      "node-fetch": "./src/service/packaging/own-fetch.ts",
    },
    banner: { js: BANNER },
    legalComments: "none",
    logLevel: "warning",
  });
  await stop(); // esbuild's own process, which would stay
}
