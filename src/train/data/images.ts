import { basename } from "node:path";
import sharp from "sharp";
import { ZippyNetError } from "../../codec/errors.ts";
import type { Image } from "../../codec/image.ts";
import { mapInParallel } from "../../concurrency.ts";
import { IMAGE_NAME, walk } from "../../image/walk.ts";

/** Images decoded at a time. */
const JOBS = 8;
/** Smallest side of an image that training takes. */
export const SMALLEST_SIDE = 32;
/** The most paths that an error names. */
const MOST_NAMED = 20;

/** Decoded images of the training folders, folder by folder. */
export interface ImageSets {
  readonly train: readonly (readonly Image[])[];
  /** Never trained on. */
  readonly heldOut: readonly (readonly Image[])[];
  /** How many of each there are, decoded or not. */
  readonly counts: { readonly train: number; readonly heldOut: number };
  /** How many of the decoded were left out. */
  readonly tooSmall: number;
}

export interface LoadOptions {
  /** Share of the images to hold out, 0–1, chosen by a hash of the file name: always the same ones. */
  readonly heldOutShare: number;
  /** Larger images are scaled down to this shorter side, of all folders or of each. */
  readonly side: number | readonly number[];
  /** Decode no more than this many images of the whole, evenly spread. */
  readonly most?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends it; its reason is thrown then. */
  readonly signal?: AbortSignal;
}

/**
 * Decodes every image of some folders, subfolders included, into memory. Throws `bad-option` if a folder cannot be read
 * or nothing is in it, `bad-image` (with the paths) if files are no images.
 */
export async function loadImages(
  folders: readonly string[],
  { heldOutShare, side, most = Number.POSITIVE_INFINITY, onProgress, signal }: LoadOptions,
): Promise<ImageSets> {
  const byFolder = await Promise.all(folders.map(findImages));
  const found = byFolder.flatMap((paths, folder) => paths.map((path) => ({ path, folder })));
  const paths = evenly(found, most);
  if (paths.length === 0) throw new ZippyNetError("bad-option", `expected images in ${folders.join(", ")}`);
  const unreadable: string[] = [];
  let done = 0;
  const images = await mapInParallel(paths, JOBS, async ({ path, folder }) => {
    signal?.throwIfAborted();
    const image = await decode(path, typeof side === "number" ? side : side[folder]!).catch(() => {
      unreadable.push(path); // the rest is read, too, so that the error names all of them
    });
    done++;
    if (!signal?.aborted) onProgress?.(done, paths.length);
    return image;
  });
  if (unreadable.length > 0) throw notImages(unreadable.sort());
  const isHeldOut = ({ path }: { path: string }) => hashOf(basename(path)) < heldOutShare;
  const train: Image[][] = folders.map(() => []);
  const heldOut: Image[][] = folders.map(() => []);
  images.forEach((image, i) => {
    if (image) (isHeldOut(paths[i]!) ? heldOut : train)[paths[i]!.folder]!.push(image);
  });
  if (train.flat().length === 0) {
    throw new ZippyNetError("bad-option", `expected images of ${SMALLEST_SIDE} pixels and more to train on`);
  }
  const held = found.filter(isHeldOut).length;
  const counts =
    paths.length === found.length
      ? { train: train.flat().length, heldOut: heldOut.flat().length }
      : { train: found.length - held, heldOut: held };
  return { train, heldOut, counts, tooSmall: images.filter((image) => !image).length };
}

/** At most so many of all items, evenly spaced, beginning with the first: as `evenly` of `tools/torch`. */
export function evenly<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]!);
}

async function findImages(folder: string): Promise<string[]> {
  const found: string[] = [];
  const failures: { path: string; cause: unknown }[] = [];
  try {
    for await (const path of walk(folder, (path, cause) => failures.push({ path, cause }))) {
      if (IMAGE_NAME.test(path)) found.push(path);
    }
  } catch (cause) {
    throw new ZippyNetError("bad-option", `expected a folder of images at ${folder}`, { cause });
  }
  const failure = failures.find(({ path, cause }) => IMAGE_NAME.test(path) || !isBrokenLink(cause));
  if (failure) {
    const { path, cause } = failure;
    throw new ZippyNetError(
      "bad-option",
      `expected a folder of images at ${folder}, cannot look at ${path}`,
      {
        cause,
      },
    );
  }
  return found.sort();
}

/** Whether a link leads nowhere: only links are followed by `stat`, all else the listing of their folder says. */
function isBrokenLink(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && error.syscall === "stat";
}

/** An image in sRGB, upright, without alpha; undefined if it is too small. */
async function decode(path: string, side: number): Promise<Image | undefined> {
  const { data, info } = await sharp(path)
    .autoOrient()
    .resize(side, side, { fit: "outside", withoutEnlargement: true, kernel: "lanczos3" })
    .flatten({ background: "white" })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (Math.min(info.width, info.height) < SMALLEST_SIDE) return undefined;
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

function notImages(paths: readonly string[]): ZippyNetError {
  const more = paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : "";
  const named = paths.slice(0, MOST_NAMED).join(", ");
  return new ZippyNetError(
    "bad-image",
    `expected images, cannot read ${named}${more}: take them out of the folder`,
  );
}

/** 0 ≤ hash < 1 of a name (FNV-1a). */
export function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  // its high bits mix last
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
