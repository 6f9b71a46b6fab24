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

export { type ClassicalInfo, type Info, info, type LatentsInfo } from "./api/info.ts";
export type { Outcome } from "./api/many.ts";
export type { ModelInfo } from "./api/models.ts";
export type {
  CommonOptions,
  DecodeOptions,
  EncodeOptions,
  ManyOptions,
  Progress,
  Signal,
} from "./api/options.ts";
export type { Channels, Picture, PictureLike } from "./api/picture.ts";
export type { BlobLike, Source } from "./api/source.ts";
export { type ErrorCode, ZippyNetError } from "./codec/errors.ts";
export { fromInline, toInline } from "./codec/format/base64url.ts";
export { MEDIA_TYPE } from "./codec/format/latents-file.ts";
export { DEFAULT_QUALITY } from "./codec/target.ts";
export type { ModelPackage } from "./model/package.ts";
export { decode, decodeMany, encode, encodeMany, preload } from "./node/codec.ts";
export { configure, listModels, type Settings } from "./node/settings.ts";
