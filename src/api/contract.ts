/** What every entry of the package exports alike: `zippynet`, `zippynet/browser` and `zippynet/decode`. */
export { type ErrorCode, ZippyNetError } from "../codec/errors.ts";
export { fromInline, toInline } from "../codec/format/base64url.ts";
export { MEDIA_TYPE } from "../codec/format/latents-file.ts";
export type { ModelPackage } from "../model/package.ts";
export { type ClassicalInfo, type Info, info, type LatentsInfo } from "./info.ts";
export type { Outcome } from "./many.ts";
export type { ModelInfo } from "./models.ts";
export type { CommonOptions, DecodeOptions, ManyOptions, Progress, Signal } from "./options.ts";
export type { Channels, Picture } from "./picture.ts";
export type { BlobLike, Source } from "./source.ts";
