/** What a picture becomes by single passes, and how far it can go: its fewest bytes, its most decibels. */
import { type EncodeOptions, encodeWish } from "../../api/options.ts";
import { imageOf } from "../../api/picture.ts";
import { client } from "../browser/client.ts";
import { decode } from "../browser/decode.ts";
import { encode } from "../browser/encode.ts";
import { encoderPlace } from "../browser/encoder-place.ts";
import { messageOf } from "./dom.ts";
import type { Stale } from "./latest.ts";
import { psnrOf } from "./measure.ts";

/** From the least to the most, each of a file. */
export interface Limits {
  readonly bytes: readonly [number, number];
  /** In dB. */
  readonly psnr: readonly [number, number];
}

/** As `encode`, by single passes: for a picture that follows a slider. */
export async function draft(picture: ImageData, options: EncodeOptions): Promise<Uint8Array> {
  return client(encoderPlace).encode(imageOf(picture), encodeWish(options), { draft: true });
}

/** What an error says is possible: the fewest bytes, or the most decibels; nothing, if it is of another kind. */
export function possible(
  error: unknown,
): { readonly maxBytes: number } | { readonly psnr: number } | undefined {
  const [, bytes] = /the least possible is (\d+)/.exec(messageOf(error)) ?? [];
  if (bytes !== undefined) return { maxBytes: Number(bytes) };
  const [, decibels] = /the most possible is (\d+\.\d+)/.exec(messageOf(error)) ?? [];
  return decibels === undefined ? undefined : { psnr: Math.floor(Number(decibels) * 10) / 10 };
}

/** Nothing, if it became stale. The fewest bytes are those of the encoder's own search, to the byte. */
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
  const least = await encode(original, { maxBytes: 1, ...model }).then(
    ({ length }) => length,
    (error: unknown) => {
      const found = possible(error);
      if (found && "maxBytes" in found) return found.maxBytes;
      throw error;
    },
  );
  const [low, high] = [ends[0]!, ends[1]!];
  return {
    bytes: [least, Math.max(least + 1, high.bytes)],
    psnr: [low.psnr, Math.max(low.psnr + 0.1, high.psnr)],
  };
}
