import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Image } from "../../codec/image.ts";
import { laidOnWhite } from "../../codec/image.ts";
import { inParallel } from "../../concurrency.ts";
import { resizeImage } from "../../image/fit.ts";
import { readImage } from "../../image/read.ts";
import { walk } from "../../image/walk.ts";

/** Files with other endings are ignored. */
const IMAGE = /\.(png|jpe?g|webp|avif|tiff?|gif|heic|jp2|jxl|bmp)$/i;
/** Pictures that are read at a time. */
const AT_ONCE = 4;

export interface FolderPicture {
  /** Name of its file, without the ending. */
  readonly name: string;
  readonly image: Image;
}

/**
 * The pictures of a folder and of the folders in it, in the order of their paths, cut to squares from their middle. An
 * image that cannot be read is left out. Throws if none is left.
 * @param count the most pictures
 * @param side pixels of each
 * @param fail is called for each image that cannot be read
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
  if (found.size === 0) throw new RangeError(`${folder}: expected pictures, found none that can be read`);
  return paths.flatMap((path) => {
    const image = found.get(path);
    return image ? [{ name: basename(path).replace(/\.\w+$/, ""), image }] : [];
  });
}
