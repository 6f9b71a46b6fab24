import { readFileSync } from "node:fs";

/** Of a package that is installed: a part of what a cache goes by. */
export function packageVersion(name: string): string {
  const path = new URL(`../../../node_modules/${name}/package.json`, import.meta.url);
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  return version;
}
