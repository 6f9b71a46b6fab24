import { readZn } from "../codec/format/zn-file.ts";
import type { Model } from "../codec/model.ts";
import { type EncodeWish, encodePicture } from "./encode.ts";
import { readImage } from "./read.ts";
import { sniff } from "./sniff.ts";

/** Provides the models to encode with. Not called for a `.zn` file. */
export type ChooseModels = () => Promise<readonly Model[]>;

/**
 * Makes a `.zn` file of an image file. A `.zn` file is returned unchanged, after a check of its header. Throws
 * `bad-image`, `bad-file`, `bad-option` or `too-large`.
 */
export async function znFileOf(
  bytes: Uint8Array,
  choose: ChooseModels,
  wish: EncodeWish,
): Promise<Uint8Array> {
  if (looksZn(bytes)) {
    readZn(bytes);
    return bytes;
  }
  const { image } = await readImage(bytes);
  return (await encodePicture(await choose(), image, wish)).file;
}

/** Whether the first bytes are those of a `.zn` file, and not those of another format. */
export function looksZn(bytes: Uint8Array): boolean {
  const tag = bytes[0] ?? 0;
  const possible = tag >= 0x80 && (tag < 0xb0 || (tag & 15) < 15);
  return possible && sniff(bytes) === undefined;
}
