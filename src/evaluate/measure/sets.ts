import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ZippyNetError } from "../../codec/errors.ts";
import { type Image, laidOnWhite } from "../../codec/image.ts";
import { resizeImage } from "../../image/fit.ts";
import { readImage } from "../../image/read.ts";
import { IMAGE_NAME } from "../../image/walk.ts";
import { evenly } from "../../train/data/images.ts";

/** Which pictures to measure on, and how they are made small. */
export interface SetWish {
  readonly name: string;
  readonly folder: string;
  /** Side in pixels to scale pictures to, or of tiles to cut; without it they stay as they are. */
  readonly size?: number;
  readonly tiles: boolean;
  /** PSNR at which codecs are compared, in dB, rising. */
  readonly decibels: readonly number[];
}

export interface Picture {
  /** Path within the folder; tiles add their place. */
  readonly name: string;
  /** Opaque. */
  readonly image: Image;
  /** The file itself, where its pixels are measured as they are. */
  readonly original?: { readonly bytes: Uint8Array; readonly mediaType: string };
}

export const DECIBELS = [27, 28.5, 30];

const SAMPLES: SetWish = {
  name: "samples",
  folder: fileURLToPath(new URL("../../../test/images", import.meta.url)),
  size: 64,
  tiles: false,
  decibels: DECIBELS,
};

/**
 * `NAME=FOLDER`, `NAME=FOLDER@42` or `NAME=FOLDER@64tiles`, with levels to compare at, `:29,30.5,32`, after it. Throws
 * RangeError.
 */
export function parseSet(text: string): SetWish {
  const found = /^([\w-]+)=(.+?)(?:@(\d+)(tiles)?)?(?::(\d[\d.]*(?:,\d[\d.]*)*))?$/.exec(text);
  const size = Number(found?.[3] ?? 64);
  const decibels = found?.[5]?.split(",").map(Number) ?? DECIBELS;
  if (!found || size < 8 || size > 1024 || decibels.some(Number.isNaN)) {
    throw new RangeError(
      `expected a set as NAME=FOLDER@SIZE or NAME=FOLDER@SIZEtiles, sizes 8–1024, and perhaps :LEVELS in dB, got ${text}`,
    );
  }
  return {
    name: found[1]!,
    folder: found[2]!,
    ...(found[3] && { size }),
    tiles: found[4] !== undefined,
    decibels: decibels.toSorted((a, b) => a - b),
  };
}

/** Sets as named, or the sample pictures if none is. Two of one name throw RangeError. */
export function parseSets(texts: readonly string[]): SetWish[] {
  const sets = texts.length === 0 ? [SAMPLES] : texts.map(parseSet);
  const twin = sets.find(({ name }, i) => sets.findIndex((other) => other.name === name) !== i);
  if (twin) throw new RangeError(`expected sets of different names, got two named ${twin.name}`);
  return sets;
}

/**
 * At most `limit` pictures, evenly from all, in order of name. Throws what cannot be read, and RangeError if there is
 * nothing.
 */
export async function readSet(wish: SetWish, limit = Infinity): Promise<Picture[]> {
  const { folder, tiles } = wish;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && IMAGE_NAME.test(entry.name) && !entry.name.startsWith("."))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const pictures: Picture[] = [];
  for (const file of tiles ? files : evenly(files, limit)) pictures.push(...(await readPictures(wish, file)));
  if (pictures.length === 0) throw new RangeError(`expected pictures in ${folder}, found none`);
  return evenly(pictures, limit);
}

/** `42×42`, or `various`. */
export function sizeOf(images: readonly Image[]): string {
  const sizes = new Set(images.map(({ width, height }) => `${width}×${height}`));
  return sizes.size === 1 ? [...sizes][0]! : "various";
}

async function readPictures({ folder, size, tiles }: SetWish, file: string): Promise<Picture[]> {
  const bytes = await readFile(file);
  const read = await readImage(bytes).catch((error: unknown) => {
    if (error instanceof ZippyNetError)
      throw new ZippyNetError(error.code, `${file}: ${error.message}`, { cause: error });
    throw error;
  });
  const image = laidOnWhite(read.image);
  const name = relative(folder, file);
  if (size !== undefined && tiles)
    return cut(image, size).map(({ place, tile }) => ({ name: `${name} ${place}`, image: tile }));
  const scaled = size === undefined ? image : await resizeImage(image, size, size);
  const untouched = scaled === image && !read.image.alpha;
  return [{ name, image: scaled, ...(untouched && { original: { bytes, mediaType: read.mediaType } }) }];
}

/** All whole tiles, row by row; what is left at the right and below is not used. */
function cut({ width, height, data }: Image, side: number): { place: string; tile: Image }[] {
  const tiles: { place: string; tile: Image }[] = [];
  for (let top = 0; top + side <= height; top += side) {
    for (let left = 0; left + side <= width; left += side) {
      const tile = new Uint8Array(side * side * 3);
      for (let y = 0; y < side; y++) {
        const from = ((top + y) * width + left) * 3;
        tile.set(data.subarray(from, from + side * 3), y * side * 3);
      }
      tiles.push({ place: `${left},${top}`, tile: { width: side, height: side, data: tile } });
    }
  }
  return tiles;
}
