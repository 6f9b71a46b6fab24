import { type Outcome, settleEach } from "../../api/many.ts";
import {
  abortable,
  type EncodeOptions,
  encodeWish,
  type Listener,
  MANY,
  type ManyOptions,
} from "../../api/options.ts";
import { imageOf, type PictureLike } from "../../api/picture.ts";
import { client } from "./client.ts";
import { withWeightsProgress } from "./decode.ts";
import { encoderPlace } from "./encoder-place.ts";

/**
 * Pixels of 8×8 to 1024×1024 → a `.zn` file of latents. Transparency becomes white. The first call loads the
 * encoder's weights. Throws `bad-image`, `bad-option`, `unknown-model`, `bad-model`, `unavailable`.
 * @example
 * const file = await encode(await square(photo, 64), { maxBytes: 120 });
 */
export async function encode(
  picture: PictureLike,
  options: EncodeOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return encodeOne(picture, options);
}

/** Many pictures, each with its outcome as `Promise.allSettled` gives it. Throws `bad-option`. */
export async function encodeMany(
  pictures: Iterable<PictureLike>,
  options: EncodeOptions & ManyOptions = {},
): Promise<Outcome<Uint8Array<ArrayBuffer>>[]> {
  encodeWish(options, MANY);
  return settleEach(pictures, options, 1, encodeOne);
}

async function encodeOne(picture: PictureLike, options: EncodeOptions): Promise<Uint8Array<ArrayBuffer>> {
  const wish = encodeWish(options);
  const image = imageOf(picture);
  const encoder = client(encoderPlace);
  const work = (listener: Listener | undefined): Promise<Uint8Array<ArrayBuffer>> =>
    withWeightsProgress(listener, () => encoder.encode(image, wish, listener && { onSearch: listener }));
  return abortable(options, work, () => encoder.abandon());
}
