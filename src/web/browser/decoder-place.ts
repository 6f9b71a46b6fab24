import { siteOf } from "./site.ts";

/** Where the decoder is. The build of the package puts `packaged/package-decoder.ts` in its place. */
export const decoderPlace = siteOf("decoder");
