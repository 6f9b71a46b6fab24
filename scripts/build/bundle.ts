import { readFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions, Plugin } from "esbuild";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const DIST = resolve(ROOT, "dist");
const SRC = resolve(ROOT, "src");

/** What the bundles of the package have in common. */
export const COMMON = {
  absWorkingDir: ROOT,
  outdir: DIST,
  bundle: true,
  format: "esm",
  minify: true,
  lineLimit: 200, // an uncaught error shows its line
  legalComments: "none",
  logLevel: "warning",
} as const satisfies BuildOptions;

/** `new URL("./file", import.meta.url)`, as bundlers know it. */
const BESIDE = /new URL\(\s*"(\.[^"]*)",\s*import\.meta\.url\s*\)/g;

/**
 * Keeps what modules find beside themselves. All bundles lie in one folder, so a module's place becomes the one that it
 * would have there, as deep as in `src`, and a worker's becomes that of its bundle.
 * @param workers bundle's name → its module, from the root of the project
 */
export function ownPlaces(workers: Readonly<Record<string, string>>): Plugin {
  const names = new Map(Object.entries(workers).map(([name, path]) => [resolve(ROOT, path), name]));
  return {
    name: "own-places",
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        if (!path.startsWith(SRC) || !text.includes("import.meta.url")) return undefined;
        const place = relative(SRC, path).replaceAll("\\", "/").replace(/\.ts$/, ".js");
        const moved = text.replace(BESIDE, (found, target: string) => {
          const name = names.get(resolve(dirname(path), target));
          if (name !== undefined) return `new URL("./${name}.js", import.meta.url)`;
          if (target.endsWith(".ts"))
            throw new Error(`${path}: expected ${target} to be a bundle of its own`);
          return found.replace("import.meta.url", `String(import.meta.url).replace(/[^/]*$/, "${place}")`);
        });
        return { contents: moved, loader: "ts" };
      });
    },
  };
}

/** Puts one module in another's place. @param modules module, from the root of the project → its text */
export function instead(modules: Readonly<Record<string, string>>): Plugin {
  const texts = new Map(Object.entries(modules).map(([path, text]) => [resolve(ROOT, path), text]));
  return {
    name: "instead",
    setup(build) {
      build.onLoad({ filter: /\.[jt]s$/ }, ({ path }) => {
        const contents = texts.get(path);
        return contents === undefined ? undefined : { contents, loader: "ts", resolveDir: dirname(path) };
      });
    },
  };
}
