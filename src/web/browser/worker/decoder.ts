import { decodeImages } from "../../../codec/codec.ts";
import { readFile, type ZnFile } from "../../../codec/file.ts";
import type { Image } from "../../../codec/image.ts";
import type { Decoder } from "../../../codec/model.ts";
import { batches } from "../../../image/batches.ts";
import { loadDecoder } from "../../../model/load.ts";
import type { Request, Rgba } from "../protocol.ts";
import { applyAlpha, decodeClassical } from "./classical.ts";
import { WorkerModels } from "./models.ts";
import { answer, fail, onRequest } from "./scope.ts";

/** The worker that decodes: latents of one model, quality and size together, the rest one by one. */

interface Job {
  readonly id: number;
  readonly file: ZnFile;
}

let models: WorkerModels<Decoder>;

onRequest((request) => {
  switch (request.type) {
    case "start":
      models = new WorkerModels(
        request.models,
        ["g_s.safetensors", "prior.safetensors"],
        loadDecoder,
        (progress) => answer({ type: "progress", ...progress }),
      );
      return;
    case "load":
      models.byNumber(request.model).then(
        () => answer({ type: "loaded", id: request.id }),
        (error: unknown) => fail(request.id, error),
      );
      return;
    case "decode":
      void decodeAll(request);
  }
});

async function decodeAll({ jobs }: Request & { readonly type: "decode" }): Promise<void> {
  const latents: Job[] = [];
  for (const { id, file: bytes } of jobs) {
    try {
      const job = { id, file: readFile(bytes) };
      if (job.file.kind === "latents") latents.push(job);
      else void finish(job, decodeClassical(job.file));
    } catch (error) {
      fail(id, error);
    }
  }
  const key = ({ file }: Job) =>
    file.kind === "latents" ? `${file.header.model} ${file.header.quality}` : "";
  for (const batch of batches(latents, ({ file }) => file, key)) await decodeBatch(batch);
}

/** Where a batch fails, each file is decoded alone: one damaged file does not take its neighbours along. */
async function decodeBatch(batch: readonly Job[]): Promise<void> {
  try {
    const files = batch.flatMap(({ file }) => (file.kind === "latents" ? [file] : []));
    const model = await models.byNumber(files[0]!.header.model);
    const images = decodeImages(
      model,
      files.map(({ file }) => file),
    );
    batch.forEach((job, i) => void finish(job, Promise.resolve(rgba(images[i]!))));
  } catch (error) {
    if (batch.length === 1) fail(batch[0]!.id, error);
    else for (const job of batch) await decodeBatch([job]);
  }
}

async function finish({ id, file }: Job, coming: Promise<Rgba>): Promise<void> {
  try {
    const opaque = await coming;
    const picture = file.alpha ? await applyAlpha(opaque, file.alpha, file) : opaque;
    answer({ type: "decoded", id, picture }, picture.data.buffer);
  } catch (error) {
    fail(id, error);
  }
}

function rgba({ width, height, data }: Image): Rgba {
  const out = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    out[to] = data[from]!;
    out[to + 1] = data[from + 1]!;
    out[to + 2] = data[from + 2]!;
  }
  return { width, height, data: out };
}
