import { readdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { Image } from "../../src/codec/image.ts";

const READ = /\.(png|jpe?g|webp|avif|tiff?|gif)$/i;

/** Least share of a picture's shorter side that a crop keeps. */
const CLOSEST = 0.72;

/**
 * So many square pictures from a folder's: each as it is, then crops of them at places and zooms that differ, every
 * second one mirrored, a little lighter or darker. The same folder gives the same pictures. Throws if the folder has
 * none.
 * @param side pixels of each
 */
export async function variedPictures(folder: string, count: number, side: number): Promise<Image[]> {
  const names = (await readdir(folder)).filter((name) => READ.test(name)).sort();
  if (names.length === 0) throw new Error(`${folder}: expected pictures, found none`);
  const made: Image[] = [];
  for (let i = 0; i < count; i++) {
    made.push(await variant(join(folder, names[i % names.length]!), Math.floor(i / names.length), side));
  }
  return made;
}

/** @param turn 0 is the picture as it is */
async function variant(path: string, turn: number, side: number): Promise<Image> {
  const source = sharp(path).autoOrient().removeAlpha();
  const { width, height } = (await source.metadata()).autoOrient;
  const random = randoms(turn);
  const crop = Math.round(Math.min(width, height) * (turn === 0 ? 1 : CLOSEST + (1 - CLOSEST) * random()));
  const place = (room: number): number => Math.round(room * (turn === 0 ? 0.5 : random()));
  const cut = source
    .extract({ left: place(width - crop), top: place(height - crop), width: crop, height: crop })
    .resize(side, side)
    .flop(turn % 2 === 1)
    .modulate({ brightness: turn === 0 ? 1 : 0.85 + 0.3 * random() })
    .toColourspace("srgb");
  return { width: side, height: side, data: new Uint8Array(await cut.raw().toBuffer()) };
}

/** Numbers of 0–1 that depend on the seed alone: Weyl's sequence of the golden ratio. */
function randoms(seed: number): () => number {
  let value = seed * 0.754877666;
  return () => {
    value += 0.618033988749895;
    return value % 1;
  };
}
