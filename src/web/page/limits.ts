/** Drafts of a picture, and the limits of what can be asked for: the fewest bytes, the highest PSNR. */
import { type EncodeOptions, encodeWish } from "../../api/options.ts";
import { imageOf } from "../../api/picture.ts";
import { messageOf } from "../../codec/errors.ts";
import { client } from "../browser/client.ts";
import { decode } from "../browser/decode.ts";
import { encoderPlace } from "../browser/encoder-place.ts";
import type { Stale } from "./latest.ts";
import { psnrOf } from "./measure.ts";

/** The lowest and the highest value that a file of the picture can have. */
export interface Limits {
  readonly bytes: readonly [number, number];
  /** In dB. */
  readonly psnr: readonly [number, number];
}

/** Like `encode`, but without a search: quick enough to follow a slider. */
export async function draft(picture: ImageData, options: EncodeOptions): Promise<Uint8Array> {
  return client(encoderPlace).encode(imageOf(picture), encodeWish(options), { draft: true });
}

/** The limit that an error of the encoder states: the fewest bytes, or the highest PSNR. Undefined for other errors. */
export function possible(
  error: unknown,
): { readonly maxBytes: number } | { readonly psnr: number } | undefined {
  const [, bytes] = /the least possible is (\d+)/.exec(messageOf(error)) ?? [];
  if (bytes !== undefined) return { maxBytes: Number(bytes) };
  const [, decibels] = /the most possible is (\d+\.\d+)/.exec(messageOf(error)) ?? [];
  return decibels === undefined ? undefined : { psnr: Math.floor(Number(decibels) * 10) / 10 };
}

/**
 * Undefined if a newer request came. The fewest bytes are those of a draft of quality 1: with a search of seconds the
 * encoder makes still smaller files, but no slider should wait for that.
 */
export async function limitsOf(
  original: ImageData,
  model: Pick<EncodeOptions, "model">,
  stale: Stale,
): Promise<Limits | undefined> {
  const ends: { readonly bytes: number; readonly psnr: number }[] = [];
  for (const quality of [1, 100]) {
    const file = await draft(original, { quality, ...model });
    ends.push({ bytes: file.length, psnr: psnrOf(original, await decode(file)) });
    if (stale()) return undefined;
  }
  const [low, high] = [ends[0]!, ends[1]!];
  return {
    bytes: [low.bytes, Math.max(low.bytes + 1, high.bytes)],
    psnr: [low.psnr, Math.max(low.psnr + 0.1, high.psnr)],
  };
}
