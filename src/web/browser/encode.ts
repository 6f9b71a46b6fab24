import { type Outcome, settleEach } from "../../api/many.ts";
import { abortable, type EncodeOptions, encodeWish, MANY, type ManyOptions } from "../../api/options.ts";
import { imageOf, type PictureLike } from "../../api/picture.ts";
import { client } from "./client.ts";
import { told } from "./decode.ts";
import { encoderPlace } from "./encoder-place.ts";

/**
 * Pixels of 8×8 to 1024×1024 → a `.zn` file of latents. Transparency becomes white. The first call loads the
 * encoder's weights. Throws `bad-image`, `bad-option`, `unknown-model`, `bad-model`, `unavailable`.
 * @example
 * const file = await encode(await square(photo, 64), { maxBytes: 120 });
 */
export async function encode(picture: PictureLike, options: EncodeOptions = {}): Promise<Uint8Array> {
  return encodeOne(picture, options);
}

/** Many pictures, each with its outcome as `Promise.allSettled` gives it. Throws `bad-option`. */
export async function encodeMany(
  pictures: Iterable<PictureLike>,
  options: EncodeOptions & ManyOptions = {},
): Promise<Outcome<Uint8Array>[]> {
  encodeWish(options, MANY);
  return settleEach(pictures, options, 1, encodeOne);
}

async function encodeOne(picture: PictureLike, options: EncodeOptions): Promise<Uint8Array> {
  const wish = encodeWish(options);
  const image = imageOf(picture);
  const encoder = client(encoderPlace);
  const { signal, onProgress } = options;
  const work = (): Promise<Uint8Array> => encoder.encode(image, wish, onProgress && { onSearch: onProgress });
  return told(onProgress, () => abortable(signal, work, () => encoder.abandon()));
}
