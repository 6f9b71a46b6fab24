import { MAX_ALPHA, withAlpha } from "../../codec/format/zn-file.ts";
import type { Image } from "../../codec/image.ts";
import { withSharp } from "../with-sharp.ts";

/** Puts a picture's alpha around a file that has none. */
export interface Wrap {
  /** How many bytes alpha adds to a file. */
  readonly bytes: number;
  readonly around: (file: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
}

/** For a picture without alpha. */
export const NO_WRAP: Wrap = { bytes: 0, around: (file) => file };

const EMPTY = new Uint8Array(0);

/**
 * Undefined if the alpha is too large for a file, such as noise of a megapixel. Then only VP8L, which has alpha of its
 * own, can hold the picture.
 */
export async function wrapperOf({ width, height, data, alpha }: Image): Promise<Wrap | undefined> {
  if (!alpha) return NO_WRAP;
  const { alphaFrame } = await withSharp(() => import("./codecs.ts"));
  const frame = await alphaFrame({ width, height, data, alpha });
  if (frame.length > MAX_ALPHA) return undefined;
  const around = (file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => withAlpha(file, frame);
  return { bytes: withAlpha(EMPTY, frame).length, around };
}
