import type { Model } from "../codec/codec.ts";
import { ZippyNetError } from "../codec/errors.ts";
import type { Image } from "../codec/image.ts";
import { batches } from "../image/batches.ts";
import { type EncodeWish, encodePictures } from "../image/encode.ts";
import { readImage } from "../image/read.ts";
import { each, readBytes, writeBytes } from "./files.ts";
import type { Task } from "./outputs.ts";
import { type Done, partition, type Result } from "./results.ts";

interface Picture extends Task {
  readonly image: Image;
  readonly notes: readonly string[];
  readonly bytesBefore: number;
}

/** Reads images, encodes those of one size together, and writes their `.zn` files. One result a task, in any order. */
export async function encodeFiles(
  models: readonly Model[],
  wish: EncodeWish,
  tasks: readonly Task[],
): Promise<Result[]> {
  const { done, failures } = partition<Picture>(await each(tasks, readPicture));
  const results: Result[] = failures;
  for (const batch of batches(done, ({ image }) => image)) {
    results.push(...(await encodeBatch(models, wish, batch)));
  }
  return results;
}

async function readPicture(task: Task): Promise<Picture> {
  const bytes = await readBytes(task.in);
  const { image, notes } = await readImage(bytes);
  return { ...task, image, notes, bytesBefore: bytes.length };
}

async function encodeBatch(
  models: readonly Model[],
  wish: EncodeWish,
  batch: readonly Picture[],
): Promise<Result[]> {
  const images = batch.map(({ image }) => image);
  const encoded = await encodePictures(models, images, wish).catch((error: unknown) => {
    if (error instanceof ZippyNetError) return images.map(() => error);
    throw error;
  });
  const made = new Map(batch.map((picture, i) => [picture, encoded[i]!]));
  return each(batch, async (picture): Promise<Done> => {
    const result = made.get(picture)!;
    if (result instanceof ZippyNetError) throw result;
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
