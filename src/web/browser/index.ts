/**
 * `zippynet/browser`: `.zn` files → pixels, and pixels → `.zn` files, in a page.
 *
 * ```ts
 * import { decodeToUrl } from "zippynet/browser";
 * img.src = await decodeToUrl(person.photo); // base64url, bytes, ArrayBuffer or Blob
 * ```
 *
 * Nothing is loaded or started before the first call.
 */
export { type ErrorCode, ZippyNetError } from "../../codec/errors.ts";
export { fromInline, toInline } from "../../codec/format/base64url.ts";
export { type Description, describeFile, type Kind, readZn } from "../../codec/format/zn-file.ts";
export { configure, onProgress, preload, type Settings } from "./client.ts";
export { decode, decodeSettled, decodeToCanvas, decodeToUrl } from "./decode.ts";
export { type EncodeOptions, encode } from "./encode.ts";
export type { Progress } from "./protocol.ts";
export type { Source } from "./source.ts";
export { type Crop, square } from "./square.ts";
