import { basename, join } from "node:path";
import { build, type Plugin } from "esbuild";
import type { Assets } from "../browser/assets.ts";
import { COMMON } from "./common.ts";

/** Bundles both workers into `out`, a hash of the content in their names; gives these. */
export async function buildWorkers(browser: string, out: string): Promise<Assets["workers"]> {
  const bundle = async (name: string, plugin: Plugin): Promise<string> => {
    const { metafile } = await build({
      ...COMMON,
      entryPoints: { [name]: join(browser, "worker", `${name}.ts`) },
      outdir: out,
      entryNames: "[name]-[hash]",
      format: "iife",
      mainFields: ["module", "main"],
      plugins: [plugin],
      metafile: true,
    });
    return basename(Object.keys(metafile.outputs)[0]!);
  };
  const folder = join(browser, "tensorflow");
  const [decoder, encoder] = await Promise.all([
    bundle("decoder", lean(folder)),
    bundle("encoder", withoutThreads(folder)),
  ]);
  return { decoder, encoder };
}

/** Puts the decoder's own selection in the place of TensorFlow.js's entry points. */
function lean(folder: string): Plugin {
  return {
    name: "lean",
    setup(build) {
      build.onResolve({ filter: /^@tensorflow\/tfjs-core$/ }, () => ({ path: join(folder, "core.ts") }));
      build.onResolve({ filter: /^@tensorflow\/tfjs-backend-wasm$/ }, () => ({
        path: join(folder, "backend.ts"),
      }));
      withoutThreads(folder).setup(build);
    },
  };
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
