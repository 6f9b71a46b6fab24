import { readZn } from "../codec/format/zn-file.ts";
import type { Model } from "../codec/model.ts";
import { type EncodeWish, encodePicture } from "./encode.ts";
import { readImage } from "./read.ts";
import { sniff } from "./sniff.ts";

/** Gives the models to encode with; not asked for a `.zn` file. */
export type ChooseModels = () => Promise<readonly Model[]>;

/**
 * Image file or `.zn` file → `.zn` file: the one is encoded, the other taken as it is, its header checked.
 * Throws `bad-image`, `bad-file`, `bad-option`, `too-large`.
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

/** By the first bytes that `.zn` files have, unless they are those of another format. */
export function looksZn(bytes: Uint8Array): boolean {
  const tag = bytes[0] ?? 0;
  const possible = tag >= 0x80 && (tag < 0xb0 || (tag & 15) < 15);
  return possible && sniff(bytes) === undefined;
}
