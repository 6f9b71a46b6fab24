/** `npm run build:web`: builds dist/web and lists the sizes of its files. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildWeb, WEB } from "./build.ts";

await buildWeb();
for (const name of readdirSync(WEB, { recursive: true }).map(String).sort()) {
  const path = join(WEB, name);
  if (statSync(path).isDirectory()) continue;
  const bytes = readFileSync(path);
  const kilobytes = (length: number): string => `${(length / 1000).toFixed(1).padStart(8)} kB`;
  console.log(`${kilobytes(bytes.length)} ${kilobytes(gzipSync(bytes).length)} as gzip   ${name}`);
}
