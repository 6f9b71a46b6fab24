import { siteOf } from "./site.ts";

/** Where the encoder is. The build of the package puts `packaged/package-encoder.ts` in its place. */
export const encoderPlace = siteOf("encoder");
