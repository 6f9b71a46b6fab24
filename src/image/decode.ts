import { decodeImage } from "../codec/decode.ts";
import { readZn } from "../codec/format/zn-file.ts";
import type { Image } from "../codec/image.ts";
import type { Decoder } from "../codec/model.ts";
import type { Look } from "../codec/network/architecture.ts";
import { withSharp } from "./with-sharp.ts";

/** Provides the model that a file names. */
export interface ModelSource {
  /** Throws `unknown-model`, `bad-model`. */
  byNumber(number: number): Promise<Decoder>;
}

/**
 * Decodes a `.zn` file of any kind. Throws `bad-file`, `unknown-model`, `bad-model` or `too-large`.
 * @param look of latents; a frame of a classical codec has one only
 */
export async function decodePicture(
  models: ModelSource,
  bytes: Uint8Array,
  look: Look = "faithful",
): Promise<Image> {
  const file = readZn(bytes);
  const classical = () => withSharp(() => import("./classical/decode.ts"));
  const image =
    file.kind === "latents"
      ? decodeImage(await (await models.byNumber(file.header.model)).withLook(look), file.file)
      : await (await classical()).decodeClassical(file);
  if (!file.alpha) return image;
  return { ...image, alpha: await (await classical()).decodeAlpha(file.alpha, file) };
}
