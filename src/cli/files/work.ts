import { ZippyNetError } from "../../codec/errors.ts";
import type { Model } from "../../codec/model.ts";
import type { Look } from "../../codec/network/architecture.ts";
import { decodePicture } from "../../image/decode.ts";
import { type EncodeWish, encodePicture } from "../../image/encode.ts";
import type { PictureFormat } from "../../image/formats.ts";
import { MAX_BYTES, readImage } from "../../image/read.ts";
import { writeImage } from "../../image/write.ts";
import { type Models, openModels } from "../../model/folder.ts";
import { type Done, failure, type Result } from "../results.ts";
import { readBytes, readZnBytes, writeBytes } from "./bytes.ts";
import { isZnFile } from "./inputs.ts";
import type { Task } from "./outputs.ts";

/** The work to do on every input of a run. It is plain data, so that it can be sent to a thread. */
export type Work =
  | ({ readonly kind: "encode"; readonly model: string; readonly tune?: Look } & EncodeWish)
  | { readonly kind: "decode"; readonly format: PictureFormat; readonly look: Look };

/** Does one task of a run. What cannot be done is a result, not thrown. */
export type DoFile = (task: Task) => Promise<Result>;

/** Opens the models once. Throws what keeps every input from being done. */
export async function openWork(work: Work): Promise<DoFile> {
  const models = await openModels();
  const done =
    work.kind === "encode"
      ? encoder(await models.choose(work.model, work.tune), work)
      : decoder(models, work);
  return (task) => done(task).catch((error: unknown) => failure(task.in, error));
}

const notDecoded = new ZippyNetError(
  "bad-image",
  "expected an image, got a .zn file: did you mean zippynet decode?",
);

function encoder(models: readonly Model[], wish: EncodeWish): (task: Task) => Promise<Done> {
  return async (task) => {
    const bytes = await readBytes(task.in, MAX_BYTES);
    const { image, notes } = await readImage(bytes).catch((error: unknown) => {
      throw isZnFile(task.in) ? notDecoded : error;
    });
    const { file, kind, model, quality, psnr } = await encodePicture(models, image, wish);
    await writeBytes(task.out, file);
    return {
      ...task,
      width: image.width,
      height: image.height,
      kind,
      ...(model !== undefined && { model, quality }),
      effort: wish.effort,
      bytesBefore: bytes.length,
      bytesAfter: file.length,
      // infinite without loss, which JSON cannot express
      ...(Number.isFinite(psnr) && { psnr: Number(psnr.toFixed(2)) }),
      ...(notes.length > 0 && { notes }),
    };
  };
}

function decoder(
  models: Models,
  { format, look }: Work & { readonly kind: "decode" },
): (task: Task) => Promise<Done> {
  return async (task) => {
    const bytes = await readBytes(task.in);
    const file = readZnBytes(bytes);
    const picture = await writeImage(await decodePicture(models, bytes, look), format);
    await writeBytes(task.out, picture);
    return {
      ...task,
      width: file.width,
      height: file.height,
      kind: file.kind,
      ...(file.kind === "latents" && { model: file.header.model, quality: file.header.quality }),
      bytesBefore: bytes.length,
      bytesAfter: picture.length,
    };
  };
}
