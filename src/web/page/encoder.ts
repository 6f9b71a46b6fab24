/** What the page asks of its encoder beside `encode`: drafts, and weights ahead of need. */
import { type EncodeOptions, encodeWish } from "../../api/options.ts";
import { imageOf } from "../../api/picture.ts";
import { client } from "../browser/client.ts";
import { encoderPlace } from "../browser/encoder-place.ts";

/** As `encode`, by single passes: a picture that follows a slider. */
export async function draft(picture: ImageData, options: EncodeOptions): Promise<Uint8Array> {
  return client(encoderPlace).encode(imageOf(picture), encodeWish(options), true);
}

/** Loads a model's encoder. Throws `unavailable`, `bad-model`. */
export async function loadEncoder(model: string): Promise<void> {
  await client(encoderPlace).load(model);
}
