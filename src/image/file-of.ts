import type { Model } from "../codec/codec.ts";
import { readFile } from "../codec/file.ts";
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
    readFile(bytes);
    return bytes;
  }
  const { image } = await readImage(bytes);
  return (await encodePicture(await choose(), image, wish)).file;
}

/** By the two bits that every `.zn` file begins with, unless the first bytes are those of another format. */
export function looksZn(bytes: Uint8Array): boolean {
  return (bytes[0] ?? 0) >>> 6 === 0b10 && sniff(bytes) === undefined;
}
