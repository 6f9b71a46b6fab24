import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { ZippyNetError } from "../../codec/errors.ts";
import type { Image } from "../../codec/image.ts";
import { makeFolders } from "../../folders.ts";
import { type SafeTensor, writeSafetensors } from "../../model/safetensors.ts";
import { type Cut, cutOf, KEPT_SIDE, type RunPlan } from "../plan.ts";
import { shorterSide } from "./batch.ts";
import type { ImageSets } from "./images.ts";
import { type Crop, resample } from "./resample.ts";

/** An image smaller than this share of a pack's side is left out: it would be blurred. */
const LEAST_SHARE = 0.75;

/**
 * Writes the images of each folder as `tools/torch` takes them, a file each: safetensors with `train` and `held_out`,
 * 8-bit squares [count, side, side, 3]. An aligned image is its centred square; one for patches is cut into squares
 * that cover it, at its own size and at halves of it.
 * @param side of the squares; by default that of nearly all images
 * @returns the paths of the files
 */
export async function writePacks(
  folder: string,
  { train, heldOut }: ImageSets,
  { folders, sampling }: Pick<RunPlan, "folders" | "sampling">,
  side?: number,
): Promise<string[]> {
  await makeFolders(folder);
  return Promise.all(
    folders.map(async (name, i) => {
      const images = train[i]!;
      const cut = cutOf(sampling, i);
      const usual = side ?? usualSide(images, heldOut[i]!);
      const squares = (from: readonly Image[], how: Cut) =>
        packed(
          from
            .filter((image) => shorterSide(image) >= LEAST_SHARE * usual)
            .flatMap((image) =>
              cropsOf(image, usual, how).map((crop) => resample(image, crop, usual, usual)),
            ),
          usual,
        );
      const tensors = new Map([
        ["train", squares(images, cut)],
        ["held_out", squares(heldOut[i]!, "aligned")],
      ]);
      if (tensors.get("train")!.data.length === 0) {
        throw new ZippyNetError("bad-option", `expected images of ${usual} pixels and more in ${name}`);
      }
      const path = join(folder, `${i}-${basename(name)}.safetensors`);
      await writeFile(path, writeSafetensors(tensors));
      return path;
    }),
  );
}

/** The shorter side that nine of ten images have; no more than the side to which aligned images are reduced. */
function usualSide(...sets: readonly (readonly Image[])[]): number {
  const sides = sets
    .flat()
    .map(shorterSide)
    .sort((a, b) => a - b);
  return Math.min(KEPT_SIDE.aligned, sides[Math.floor(sides.length / 10)] ?? KEPT_SIDE.aligned);
}

function cropsOf(image: Image, side: number, cut: Cut): Crop[] {
  const shorter = shorterSide(image);
  if (cut === "aligned") return [centre(image, shorter)];
  const crops: Crop[] = [];
  for (let shrink = 1; shrink === 1 || side * shrink <= shorter; shrink *= 2) {
    crops.push(...squaresOver(image, Math.min(side * shrink, shorter)));
  }
  return crops;
}

function centre({ width, height }: Image, side: number): Crop {
  return { left: (width - side) / 2, top: (height - side) / 2, width: side, height: side };
}

/** Squares of a side, as few as cover the image, evenly spread. */
function squaresOver({ width, height }: Image, side: number): Crop[] {
  const starts = (length: number) => {
    const count = Math.ceil(length / side);
    return Array.from({ length: count }, (_, i) => (count > 1 ? ((length - side) * i) / (count - 1) : 0));
  };
  return starts(height).flatMap((top) =>
    starts(width).map((left) => ({ left, top, width: side, height: side })),
  );
}

function packed(images: readonly Image[], side: number): SafeTensor {
  const size = side * side * 3;
  const data = new Uint8Array(images.length * size);
  images.forEach((image, i) => {
    data.set(image.data, i * size);
  });
  return { dtype: "U8", shape: [images.length, side, side, 3], data };
}
