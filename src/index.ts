/**
 * ZippyNet as a library: pixels in, `.zn` bytes out, and back. The same names do the same in Node, in a page
 * (`zippynet/browser`) and, as far as decoding goes, anywhere else (`zippynet/decode`).
 *
 * ```ts
 * import { decode, encode } from "zippynet";
 * const file = await encode({ width, height, data }, { quality: 50 });
 * const { width, height, data } = await decode(file);
 * ```
 */

export * from "./api/contract.ts";
export type { EncodeOptions } from "./api/options.ts";
export type { PictureLike } from "./api/picture.ts";
export { DEFAULT_QUALITY } from "./codec/target.ts";
export { decode, decodeMany, encode, encodeMany, preload } from "./node/codec.ts";
export { configure, listModels, type Settings } from "./node/settings.ts";
