import { ZippyNetError } from "../../../codec/errors.ts";
import { damaged } from "../outline.ts";
import { type CodesInUse, outlineJpeg } from "./jpeg.ts";
import type { Directory } from "./tiff-directory.ts";

/** Tables that all parts share. */
const TABLES = 347;

/**
 * Throws `bad-image` if a strip or tile in JPEG lacks pixels. libvips passes over that in tiles. Where parts overlap,
 * as they may, no more bytes are looked at than the file has.
 */
export function assertJpegParts(bytes: Uint8Array, directory: Directory, maxPixels: number): void {
  // each part is a JPEG without the tables (TIFF technical note 2), which go between its start mark and the rest
  const shared = directory.data(TABLES);
  const tables = shared.subarray(0, shared.length > 4 ? -2 : 0);
  const parts = directory.parts();
  const codes: CodesInUse = new Map();
  let left = bytes.length;
  for (const [i, { from, length }] of parts.entries()) {
    const part = bytes.subarray(from, from + length);
    left -= part.length;
    if (left < 0) return;
    // a part without data is left out on purpose
    if (part.length === 0) continue;
    try {
      outlineJpeg(Buffer.concat(tables.length > 0 ? [tables, part.subarray(2)] : [part]), maxPixels, codes);
    } catch (error) {
      if (!(error instanceof ZippyNetError) || error.code !== "bad-image") throw error;
      // what is whole and of no kind that JPEG files are read of, such as grey and alpha, may be read in a TIFF
      const [, why] = / damaged one: (.*)/.exec(error.message) ?? [];
      if (why === undefined) continue;
      throw damaged("image/tiff", `of part ${i + 1} of ${parts.length}, ${why}`);
    }
  }
}
