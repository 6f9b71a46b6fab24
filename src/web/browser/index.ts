/**
 * `zippynet/browser`: `.zn` files → pixels, and pixels → `.zn` files, in a page. What it shares with `zippynet` does
 * the same.
 *
 * ```ts
 * import { decodeToUrl } from "zippynet/browser";
 * img.src = await decodeToUrl(person.photo); // base64url, bytes, ArrayBuffer or Blob
 * ```
 *
 * Nothing is loaded or started before the first call.
 */
export { type ClassicalInfo, type Info, info, type LatentsInfo } from "../../api/info.ts";
export type { Outcome } from "../../api/many.ts";
export type { ModelInfo } from "../../api/models.ts";
export type {
  CommonOptions,
  DecodeOptions,
  EncodeOptions,
  ManyOptions,
  Progress,
  Signal,
} from "../../api/options.ts";
export type { Channels, Picture, PictureLike } from "../../api/picture.ts";
export type { BlobLike, Source } from "../../api/source.ts";
export { type ErrorCode, ZippyNetError } from "../../codec/errors.ts";
export { fromInline, toInline } from "../../codec/format/base64url.ts";
export { MEDIA_TYPE } from "../../codec/format/latents-file.ts";
export { DEFAULT_QUALITY } from "../../codec/target.ts";
export type { ModelPackage, Place } from "../../model/package.ts";
export { configure, onProgress, type Settings } from "./client.ts";
export { decode, decodeMany, decodeToCanvas, decodeToUrl, listModels, preload } from "./decode.ts";
export { encode, encodeMany } from "./encode.ts";
export { type Crop, square } from "./square.ts";
