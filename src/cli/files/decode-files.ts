import { readZn } from "../../codec/format/zn-file.ts";
import { split } from "../../image/batches.ts";
import { decodePicture } from "../../image/decode.ts";
import type { PictureFormat } from "../../image/formats.ts";
import { writeImage } from "../../image/write.ts";
import type { Models } from "../../model/folder.ts";
import type { Done, OnResults } from "../results.ts";
import { AT_ONCE, each, readBytes, writeBytes } from "./files.ts";
import type { Task } from "./outputs.ts";

/** Reads `.zn` files, decodes them, and writes their pictures, a few at once. One result a task, in their order. */
export async function decodeFiles(
  models: Models,
  format: PictureFormat,
  tasks: readonly Task[],
  onResults: OnResults,
): Promise<void> {
  for (const some of split(tasks, AT_ONCE)) {
    onResults(await each(some, (task) => decodeFile(models, format, task)));
  }
}

async function decodeFile(models: Models, format: PictureFormat, task: Task): Promise<Done> {
  const bytes = await readBytes(task.in);
  const file = readZn(bytes);
  const picture = await writeImage(await decodePicture(models, bytes), format);
  await writeBytes(task.out, picture);
  return {
    in: task.in,
    out: task.out,
    width: file.width,
    height: file.height,
    kind: file.kind,
    ...(file.kind === "latents" && { model: file.header.model, quality: file.header.quality }),
    bytesBefore: bytes.length,
    bytesAfter: picture.length,
  };
}
