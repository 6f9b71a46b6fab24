import { decodeImages } from "../codec/codec.ts";
import { type LatentsFile, readFile, type ZnFile } from "../codec/file.ts";
import type { Image } from "../codec/image.ts";
import { batches } from "../image/batches.ts";
import { decodePicture } from "../image/decode.ts";
import { type PictureFormat, writeImage } from "../image/write.ts";
import type { Models } from "../model/folder.ts";
import { each, readBytes, writeBytes } from "./files.ts";
import type { Task } from "./outputs.ts";
import { type Done, partition, type Result } from "./results.ts";

interface Input extends Task {
  readonly bytes: Uint8Array;
  readonly file: ZnFile;
}

interface LatentsInput extends Input {
  readonly file: LatentsFile;
}

/** Reads `.zn` files, decodes like ones together, and writes their pictures. One result a task, in any order. */
export async function decodeFiles(
  models: Models,
  format: PictureFormat,
  tasks: readonly Task[],
): Promise<Result[]> {
  const { done, failures } = partition<Input>(await each(tasks, readZn));
  const results: Result[] = failures;
  const write = (inputs: readonly Input[], imageOf: (input: Input) => Promise<Image>) =>
    each(inputs, async (input) => writePicture(input, await imageOf(input), format));
  for (const batch of batches(done.filter(isPlainLatents), ({ file }) => file, kindOf)) {
    const images = await decodeBatch(models, batch);
    results.push(...(await write(batch, (input) => images.get(input)!)));
  }
  const others = done.filter((input) => !isPlainLatents(input));
  for (const input of others) {
    results.push(...(await write([input], ({ bytes }) => decodePicture(models, bytes))));
  }
  return results;
}

async function readZn(task: Task): Promise<Input> {
  const bytes = await readBytes(task.in);
  return { ...task, bytes, file: readFile(bytes) };
}

/** Whether it can be decoded with others. */
function isPlainLatents(input: Input): input is LatentsInput {
  return input.file.kind === "latents" && !input.file.alpha;
}

function kindOf({ file: { header } }: LatentsInput): string {
  return `${header.model} ${header.quality}`;
}

/** A file that spoils its batch is found by decoding each alone; its image is a rejected promise. */
async function decodeBatch(
  models: Models,
  batch: readonly LatentsInput[],
): Promise<Map<Input, Promise<Image>>> {
  try {
    const model = await models.byNumber(batch[0]!.file.header.model);
    const images = decodeImages(
      model,
      batch.map(({ bytes }) => bytes),
    );
    return new Map(batch.map((input, i) => [input, Promise.resolve(images[i]!)]));
  } catch {
    return new Map(
      batch.map((input) => {
        const image = decodePicture(models, input.bytes);
        image.catch(() => undefined); // told where it is awaited
        return [input, image];
      }),
    );
  }
}

async function writePicture(
  { file, bytes, ...task }: Input,
  image: Image,
  format: PictureFormat,
): Promise<Done> {
  const picture = await writeImage(image, format);
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
