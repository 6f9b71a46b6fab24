/**
 * `zippynet/browser`: `.zn` files → pixels, and pixels → `.zn` files, in a page. Names that `zippynet` has too do the
 * same as there.
 *
 * ```ts
 * import { decodeToUrl } from "zippynet/browser";
 * img.src = await decodeToUrl(person.photo); // base64url, bytes, ArrayBuffer or Blob
 * ```
 *
 * Nothing is loaded or started before the first call.
 */
export * from "../../api/contract.ts";
export type { EncodeOptions } from "../../api/options.ts";
export type { PictureLike } from "../../api/picture.ts";
export { DEFAULT_QUALITY } from "../../codec/target.ts";
export type { Place } from "../../model/package.ts";
export { configure, onProgress, type Settings } from "./client.ts";
export { decode, decodeMany, decodeToCanvas, decodeToUrl, listModels, preload } from "./decode.ts";
export { encode, encodeMany } from "./encode.ts";
export { type Crop, square } from "./square.ts";
