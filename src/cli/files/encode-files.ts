import type { Image } from "../../codec/image.ts";
import type { Model } from "../../codec/model.ts";
import { batches, split } from "../../image/batches.ts";
import { type EncodedPicture, type EncodeWish, encodePictures } from "../../image/encode.ts";
import { MAX_BYTES, readImage } from "../../image/read.ts";
import { type Done, type OnResults, partition, type Result } from "../results.ts";
import { AT_ONCE, each, readBytes, writeBytes } from "./files.ts";
import type { Task } from "./outputs.ts";

interface Picture extends Task {
  readonly image: Image;
  readonly notes: readonly string[];
  readonly bytesBefore: number;
}

/** Pixels that are read before they are encoded: many small pictures, of which those of one size go together, or a large one. */
const HELD_PIXELS = 1 << 19;
const MAX_HELD = 32;

/** Reads images, encodes those of one size together, and writes their `.zn` files. One result a task, in any order. */
export async function encodeFiles(
  models: readonly Model[],
  wish: EncodeWish,
  tasks: readonly Task[],
  onResults: OnResults,
): Promise<void> {
  let held: Picture[] = [];
  const encodeHeld = async (): Promise<void> => {
    const pictures = held;
    held = [];
    for (const batch of batches(pictures, ({ image }) => image)) {
      // a search takes seconds: its files come one by one
      for (const some of wish.effort === 0 ? [batch] : split(batch, 1)) {
        onResults(await encodeBatch(models, wish, some));
      }
    }
  };
  for (const some of split(tasks, AT_ONCE)) {
    const { done, failures } = partition<Picture>(await each(some, readPicture));
    if (failures.length > 0) onResults(failures);
    held.push(...done);
    if (held.length >= MAX_HELD || pixelsOf(held) >= HELD_PIXELS) await encodeHeld();
  }
  await encodeHeld();
}

function pixelsOf(pictures: readonly Picture[]): number {
  return pictures.reduce((sum, { image }) => sum + image.width * image.height, 0);
}

async function readPicture(task: Task): Promise<Picture> {
  const bytes = await readBytes(task.in, MAX_BYTES);
  const { image, notes } = await readImage(bytes);
  return { ...task, image, notes, bytesBefore: bytes.length };
}

async function encodeBatch(
  models: readonly Model[],
  wish: EncodeWish,
  batch: readonly Picture[],
): Promise<Result[]> {
  const images = batch.map(({ image }) => image);
  let encoded: (EncodedPicture | Error)[];
  try {
    encoded = await encodePictures(models, images, wish);
  } catch (error) {
    // whichever of them it comes from, the others are done
    if (batch.length > 1)
      return (await Promise.all(batch.map((one) => encodeBatch(models, wish, [one])))).flat();
    encoded = [error instanceof Error ? error : new Error(String(error))];
  }
  const made = new Map(batch.map((picture, i) => [picture, encoded[i]!]));
  return each(batch, async (picture): Promise<Done> => {
    const result = made.get(picture)!;
    if (result instanceof Error) throw result;
    await writeBytes(picture.out, result.file);
    return {
      in: picture.in,
      out: picture.out,
      width: picture.image.width,
      height: picture.image.height,
      kind: result.kind,
      ...(result.model !== undefined && { model: result.model, quality: result.quality }),
      effort: wish.effort,
      bytesBefore: picture.bytesBefore,
      bytesAfter: result.file.length,
      // without loss it is infinite, which JSON cannot say
      ...(Number.isFinite(result.psnr) && { psnr: Number(result.psnr.toFixed(2)) }),
      ...(picture.notes.length > 0 && { notes: picture.notes }),
    };
  });
}
