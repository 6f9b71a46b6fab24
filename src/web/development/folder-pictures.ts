import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Image } from "../../codec/image.ts";
import { laidOnWhite } from "../../codec/image.ts";
import { inParallel } from "../../concurrency.ts";
import { resizeImage } from "../../image/fit.ts";
import { readImage } from "../../image/read.ts";
import { walk } from "../../image/walk.ts";

/** Files of other kinds are passed over; an image that cannot be read is told. */
const IMAGE = /\.(png|jpe?g|webp|avif|tiff?|gif|heic|jp2|jxl|bmp)$/i;
/** Read at a time. */
const AT_ONCE = 4;

export interface FolderPicture {
  /** Of its file, without the ending. */
  readonly name: string;
  readonly image: Image;
}

/**
 * The pictures of a folder and those in it, each once and none made up, in the order of their paths: squares from their
 * middle. What cannot be read is told of and left out. Throws if none is left.
 * @param count at most so many
 * @param side pixels of each
 */
export async function folderPictures(
  folder: string,
  count: number,
  side: number,
  fail: (path: string, error: unknown) => void,
): Promise<FolderPicture[]> {
  const paths: string[] = [];
  for await (const path of walk(folder, fail)) if (IMAGE.test(path)) paths.push(path);
  const read = async (path: string) => {
    try {
      const { image } = await readImage(await readFile(path));
      return { path, image: await resizeImage(laidOnWhite(image), side, side) };
    } catch (error) {
      fail(path, error);
      return undefined;
    }
  };
  const found = new Map<string, Image>();
  for await (const made of inParallel(paths.sort().slice(0, count), AT_ONCE, read))
    if (made) found.set(made.path, made.image);
  if (found.size === 0) throw new Error(`${folder}: expected pictures, found none that can be read`);
  return paths.flatMap((path) => {
    const image = found.get(path);
    return image ? [{ name: basename(path).replace(/\.\w+$/, ""), image }] : [];
  });
}
