import { readFile } from "node:fs/promises";
import { LOOKS } from "../src/codec/network/architecture.ts";
import { FITS } from "../src/image/fit.ts";
import { SERVED } from "../src/service/decode/picture-request.ts";
import { readOrigins, type ServiceSettings } from "../src/service/settings.ts";

export interface CdnOptions {
  /** Whether pictures go to signed URLs only. */
  readonly secret: boolean;
  /** As the parameter has it: `*`, or origins separated by commas. */
  readonly corsOrigins: string;
  /** The look of pictures, unless a request says `?look=`. */
  readonly look: ServiceSettings["look"];
}

/** The code of the CDN's function, with the tables of the service that it has to agree with. */
export async function cdnFunction({ secret, corsOrigins, look }: CdnOptions): Promise<string> {
  const code = await readFile(new URL("./cdn-function.js", import.meta.url), "utf8");
  const tables = Object.entries({
    TYPES: SERVED,
    FITS,
    LOOKS,
    LOOK: look,
    PRIVATE: secret,
    ORIGINS: readOrigins(corsOrigins),
  });
  const constants = tables.map(([name, value]) => `const ${name} = ${JSON.stringify(value)};\n`);
  return `${constants.join("")}\n${withoutComments(code)}`;
}

/** CloudFront takes 10 kB. */
function withoutComments(code: string): string {
  return code.replace(/^\s*\/\*[\s\S]*?\*\/\n/gm, "").replace(/^\s*\/\/.*\n/gm, "");
}
