import { decodeImages } from "../codec/codec.ts";
import { type Header, readContainer } from "../codec/container.ts";
import type { Image } from "../codec/image.ts";
import { batches } from "../image/batches.ts";
import { type PictureFormat, writeImage } from "../image/write.ts";
import type { Models } from "../model/folder.ts";
import { each, readBytes, writeBytes } from "./files.ts";
import type { Task } from "./outputs.ts";
import { type Done, partition, type Result } from "./results.ts";

interface ZnFile extends Task {
  readonly file: Uint8Array;
  readonly header: Header;
}

/** Reads `.zn` files, decodes like ones together, and writes their pictures. One result a task, in any order. */
export async function decodeFiles(
  models: Models,
  format: PictureFormat,
  tasks: readonly Task[],
): Promise<Result[]> {
  const { done, failures } = partition<ZnFile>(await each(tasks, readZn));
  const results: Result[] = failures;
  const kind = ({ header }: ZnFile): string => `${header.model} ${header.quality}`;
  for (const batch of batches(done, ({ header }) => header, kind)) {
    const images = await decodeBatch(models, batch);
    const written = await each(batch, async (zn): Promise<Done> => {
      const image = images.get(zn)!;
      if ("error" in image) throw image.error;
      const picture = await writeImage(image, format);
      await writeBytes(zn.out, picture);
      return {
        in: zn.in,
        out: zn.out,
        width: zn.header.width,
        height: zn.header.height,
        model: zn.header.model,
        quality: zn.header.quality,
        bytesBefore: zn.file.length,
        bytesAfter: picture.length,
      };
    });
    results.push(...written);
  }
  return results;
}

async function readZn(task: Task): Promise<ZnFile> {
  const file = await readBytes(task.in);
  return { ...task, file, header: readContainer(file).header };
}

/** A file that spoils its batch is found by decoding each alone. */
async function decodeBatch(
  models: Models,
  batch: readonly ZnFile[],
): Promise<Map<ZnFile, Image | { readonly error: unknown }>> {
  try {
    const model = await models.byNumber(batch[0]!.header.model);
    const images = decodeImages(
      model,
      batch.map(({ file }) => file),
    );
    return new Map(batch.map((zn, i) => [zn, images[i]!]));
  } catch (error) {
    if (batch.length === 1) return new Map([[batch[0]!, { error }]]);
    const alone = await Promise.all(batch.map((zn) => decodeBatch(models, [zn])));
    return new Map(alone.flatMap((entries) => [...entries]));
  }
}
