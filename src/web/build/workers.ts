import { basename, join } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import type { Assets } from "../browser/assets.ts";
import { COMMON } from "./common.ts";

/** Bundles both workers into `out`, a hash of the content in their names; gives these. */
export async function buildWorkers(browser: string, out: string): Promise<Assets["workers"]> {
  const bundle = async (name: string, options: BuildOptions): Promise<string> => {
    const { metafile } = await build({
      ...COMMON,
      entryPoints: { [name]: join(browser, "worker", `${name}.ts`) },
      outdir: out,
      entryNames: "[name]-[hash]",
      mainFields: ["module", "main"],
      metafile: true,
      ...options,
    });
    const [path] = Object.entries(metafile!.outputs).find(([, { entryPoint }]) =>
      entryPoint?.endsWith(`/${name}.ts`),
    )!;
    return basename(path);
  };
  const [decoder, encoder] = await Promise.all([
    bundle("decoder", { format: "iife" }),
    bundle("encoder", {
      format: "esm",
      splitting: true,
      chunkNames: "search-[hash]",
      plugins: [withoutThreads(join(browser, "tensorflow"))],
    }),
  ]);
  return { decoder, encoder };
}

function withoutThreads(folder: string): Plugin {
  return {
    name: "without-threads",
    setup(build) {
      build.onResolve({ filter: /tfjs-backend-wasm-threaded-simd(\.worker)?\.js$/ }, () => ({
        path: join(folder, "no-threads.ts"),
      }));
    },
  };
}
