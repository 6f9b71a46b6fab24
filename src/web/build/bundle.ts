import { basename, join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import type { Site } from "./contents.ts";

/** Browsers since 2023. */
export const COMMON = {
  bundle: true,
  minify: true,
  platform: "browser",
  target: ["chrome109", "firefox115", "safari16.4"],
  legalComments: "none",
  // all of these know them; rewritten for those that do not, one that nobody uses would stay
  supported: { "regexp-unicode-property-escapes": true },
  logLevel: "warning",
} as const satisfies BuildOptions;

/** Bundles both workers into `out`. Their names, which it returns, have a hash of the content. */
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
