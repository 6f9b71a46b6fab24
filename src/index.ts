/**
 * ZippyNet as a library: pixels in, `.zn` bytes out, and back.
 *
 * ```ts
 * import { decode, encode } from "zippynet";
 * const file = await encode({ width, height, data }, { quality: 50 });
 * const picture = await decode(file);
 * ```
 */
import { ZippyNetError } from "./codec/errors.ts";
import { type Description, describeFile, readZn } from "./codec/format/zn-file.ts";
import type { Image } from "./codec/image.ts";
import type { Target } from "./codec/target.ts";
import { decodePicture } from "./image/decode.ts";
import { encodePicture } from "./image/encode.ts";
import { type Models, openModels } from "./model/folder.ts";

export { type ErrorCode, ZippyNetError } from "./codec/errors.ts";
export { fromInline, toInline } from "./codec/format/base64url.ts";
export { MEDIA_TYPE } from "./codec/format/latents-file.ts";
export type { Kind } from "./codec/format/zn-file.ts";
export type { Image } from "./codec/image.ts";
export { type ModelSummary, type Models, openModels } from "./model/folder.ts";

/** Quality unless told: a face of 42×42 pixels in about 120 bytes. */
export const DEFAULT_QUALITY = 50;

export interface EncodeOptions {
  /** Where models come from; by default those of ZIPPYNET_MODELS or of this package. */
  readonly models?: Models;
  /** A model's name, or `auto`: whichever suits the picture best. */
  readonly model?: string;
  /** 1–100, 50 by default; or one of the next two. */
  readonly quality?: number;
  /** The smallest file of at least so many decibels. */
  readonly psnr?: number;
  /** The best picture in at most so many bytes. */
  readonly maxBytes?: number;
  /** 0–9: time to spend on a better file, 0 by default. Pictures of more than 65,536 pixels stay at 0. */
  readonly effort?: number;
  /** Whether VP8, AV1 or VP8L may stand in where they are better than the models; they may unless told. */
  readonly classical?: boolean;
}

export interface DecodeOptions {
  readonly models?: Models;
}

/** What a `.zn` file says of itself. */
export interface Info extends Description {
  readonly bytes: number;
}

/** Pixels, at most 25 million → a `.zn` file. Throws `bad-image`, `bad-option`, `too-large`, `unknown-model`, `bad-model`. */
export async function encode(image: Image, options: EncodeOptions = {}): Promise<Uint8Array> {
  const target = targetOf(options);
  const models = options.models ?? (await ownModels());
  const chosen = await models.choose(options.model ?? "auto");
  const { effort = 0, classical = true } = options;
  return (await encodePicture(chosen, image, { target, effort, classical })).file;
}

function targetOf({ quality, psnr, maxBytes }: EncodeOptions): Target {
  const given = { quality, psnr, maxBytes };
  const names = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (names.length > 1) {
    throw new ZippyNetError(
      "bad-option",
      `expected one of quality, psnr, maxBytes, got ${names.join(" and ")}`,
    );
  }
  if (psnr !== undefined) return { kind: "psnr", decibels: psnr };
  if (maxBytes !== undefined) return { kind: "bytes", maxBytes };
  return { kind: "quality", quality: quality ?? DEFAULT_QUALITY };
}

/** A `.zn` file → pixels. Throws `bad-file`, `unknown-model`, `bad-model`, `too-large`. */
export async function decode(file: Uint8Array, options: DecodeOptions = {}): Promise<Image> {
  return decodePicture(options.models ?? (await ownModels()), file);
}

/** What a `.zn` file says of itself, without decoding it. Throws `bad-file`. */
export function info(file: Uint8Array): Info {
  return { ...describeFile(readZn(file)), bytes: file.length };
}

let own: Promise<Models> | undefined;

function ownModels(): Promise<Models> {
  own ??= openModels().catch((error: unknown) => {
    own = undefined; // a failed load is tried again
    throw error;
  });
  return own;
}
