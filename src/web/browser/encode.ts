import { ZippyNetError } from "../../codec/errors.ts";
import type { Target } from "../../codec/target.ts";
import { client } from "./client.ts";

export interface EncodeOptions {
  /** A model's number, by default the lowest; `auto` tries all and keeps the best file, once the weights of all are there. */
  readonly model?: number | "auto";
  /** 1–100, 50 by default; or one of the next two. */
  readonly quality?: number;
  /** The smallest file of at least so many decibels. */
  readonly psnr?: number;
  /** The best picture in at most so many bytes. */
  readonly maxBytes?: number;
  /** 0–9: time to spend on a better file, 0 by default. */
  readonly effort?: number;
}

/**
 * Pixels of 8×8 to 1024×1024 → a `.zn` file of latents; transparency is laid on white. The first call loads the encoder's weights.
 * Throws `bad-image`, `bad-option`, `unknown-model`, `bad-model`, `unavailable`.
 */
export async function encode(picture: ImageData, options: EncodeOptions = {}): Promise<Uint8Array> {
  const { width, height } = picture;
  const data = Uint8ClampedArray.from(picture.data);
  const { model, effort = 0 } = options;
  const wish = { target: targetOf(options), effort, ...(model !== undefined && { model }) };
  return client("encoder").encode({ width, height, data }, wish);
}

function targetOf({ quality, psnr, maxBytes }: EncodeOptions): Target {
  const given = [quality, psnr, maxBytes].filter((value) => value !== undefined);
  if (given.length > 1) {
    throw new ZippyNetError("bad-option", "expected one of quality, psnr, maxBytes, got more");
  }
  if (psnr !== undefined) return { kind: "psnr", decibels: psnr };
  if (maxBytes !== undefined) return { kind: "bytes", maxBytes };
  return { kind: "quality", quality: quality ?? 50 };
}
