import { siteOf } from "./site.ts";

/** Where the decoder is. The build of the package replaces this file by `packaged/package-decoder.ts`. */
export const decoderPlace = siteOf("decoder");
