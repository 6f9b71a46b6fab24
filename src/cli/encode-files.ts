import { encodeImages, type Model } from "../codec/codec.ts";
import { assertImage, type Image, MAX_SIDE } from "../codec/image.ts";
import { encodeTo, type Target } from "../codec/target.ts";
import { batches } from "../image/batches.ts";
import { readImage } from "../image/read.ts";
import { each, readBytes, writeBytes } from "./files.ts";
import type { Task } from "./outputs.ts";
import { type Done, partition, type Result } from "./results.ts";

/** What files are to be like. */
export interface Wish {
  readonly target: Target;
  /** 0–9. */
  readonly effort: number;
}

interface Picture extends Task {
  readonly image: Image;
  readonly notes: readonly string[];
  readonly bytesBefore: number;
}

/** Reads images, encodes those of one size together, and writes their `.zn` files. One result a task, in any order. */
export async function encodeFiles(
  model: Model,
  { target, effort }: Wish,
  tasks: readonly Task[],
): Promise<Result[]> {
  const { done, failures } = partition<Picture>(await each(tasks, readPicture));
  const results: Result[] = failures;
  for (const batch of batches(done, ({ image }) => image)) {
    const files = encodeBatch(model, { target, effort }, batch);
    const written = await each(batch, async (picture): Promise<Done> => {
      const made = files.get(picture)!;
      if ("error" in made) throw made.error;
      await writeBytes(picture.out, made.file);
      return {
        in: picture.in,
        out: picture.out,
        width: picture.image.width,
        height: picture.image.height,
        model: model.number,
        quality: made.quality,
        effort,
        bytesBefore: picture.bytesBefore,
        bytesAfter: made.file.length,
        ...(made.psnr !== undefined && { psnr: Number(made.psnr.toFixed(2)) }),
        ...(picture.notes.length > 0 && { notes: picture.notes }),
      };
    });
    results.push(...written);
  }
  return results;
}

async function readPicture(task: Task): Promise<Picture> {
  const bytes = await readBytes(task.in);
  const { image, notes } = await readImage(bytes, { maxPixels: MAX_SIDE * MAX_SIDE });
  assertImage(image);
  return { ...task, image, notes, bytesBefore: bytes.length };
}

type Made =
  | { readonly file: Uint8Array; readonly quality: number; readonly psnr?: number }
  | { readonly error: unknown };

function encodeBatch(model: Model, { target, effort }: Wish, batch: readonly Picture[]): Map<Picture, Made> {
  if (target.kind === "quality") {
    const { quality } = target;
    const images = batch.map(({ image }) => image);
    const encoded = encodeImages(model, images, quality, effort);
    return new Map(batch.map((picture, i) => [picture, { file: encoded[i]!.file, quality }]));
  }
  const made = (picture: Picture): Made => {
    try {
      return encodeTo(model, picture.image, target, effort);
    } catch (error) {
      return { error };
    }
  };
  return new Map(batch.map((picture) => [picture, made(picture)]));
}
