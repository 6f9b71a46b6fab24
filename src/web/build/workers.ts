import { basename, join } from "node:path";
import { build } from "esbuild";
import type { Site } from "../site.ts";
import { COMMON } from "./common.ts";

/** Bundles both workers into `out`, a hash of the content in their names; gives these. */
export async function buildWorkers(browser: string, out: string): Promise<Site["workers"]> {
  const bundle = async (name: string): Promise<string> => {
    const { metafile } = await build({
      ...COMMON,
      entryPoints: { [name]: join(browser, "worker", `${name}.ts`) },
      outdir: out,
      entryNames: "[name]-[hash]",
      format: "iife",
      metafile: true,
    });
    const [path] = Object.entries(metafile.outputs).find(([, { entryPoint }]) =>
      entryPoint?.endsWith(`/${name}.ts`),
    )!;
    return basename(path);
  };
  const [decoder, encoder] = await Promise.all([bundle("decoder"), bundle("encoder")]);
  return { decoder, encoder };
}
