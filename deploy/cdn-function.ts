import { readFile } from "node:fs/promises";
import { FITS } from "../src/image/fit.ts";
import { SERVED } from "../src/service/decode/negotiate.ts";

export interface CdnOptions {
  /** Whether pictures go to signed URLs only. */
  readonly secret: boolean;
  /** Whose pages may use the pictures; empty for anybody's. */
  readonly origins: readonly string[];
}

/** The code of the CDN's function, with the tables of the service that it has to agree with. */
export async function cdnFunction({ secret, origins }: CdnOptions): Promise<string> {
  const code = await readFile(new URL("./cdn-function.js", import.meta.url), "utf8");
  const tables = Object.entries({ TYPES: SERVED, FITS, PRIVATE: secret, ORIGINS: origins });
  const constants = tables.map(([name, value]) => `const ${name} = ${JSON.stringify(value)};\n`);
  return `${constants.join("")}\n${withoutComments(code)}`;
}

/** CloudFront takes 10 kB. */
function withoutComments(code: string): string {
  return code.replace(/^\s*\/\*[\s\S]*?\*\/\n/gm, "").replace(/^\s*\/\/.*\n/gm, "");
}
