import { siteOf } from "./site.ts";

/** Where the decoder is. The build of the package puts `packaged/decoder-place.ts` in its place. */
export const decoderPlace = siteOf("decoder");
