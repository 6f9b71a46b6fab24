import { decodeImage } from "../../../codec/decode.ts";
import { type LatentsFile, readZn } from "../../../codec/format/zn-file.ts";
import type { Image } from "../../../codec/image.ts";
import type { Decoder } from "../../../codec/model.ts";
import { loadDecoder } from "../../../model/load.ts";
import type { Request, Rgba } from "../protocol.ts";
import { applyAlpha, decodeClassical } from "./classical.ts";
import { WorkerModels } from "./models.ts";
import { answer, fail, onRequest } from "./scope.ts";

/** The worker that decodes. */

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
      decodeAll(request);
  }
});

function decodeAll({ jobs }: Request & { readonly type: "decode" }): void {
  for (const { id, file: bytes } of jobs) void decode(id, bytes).catch((error: unknown) => fail(id, error));
}

async function decode(id: number, bytes: Uint8Array): Promise<void> {
  const file = readZn(bytes);
  const opaque = file.kind === "latents" ? await decodeLatents(file) : await decodeClassical(file);
  const picture = file.alpha ? await applyAlpha(opaque, file.alpha, file) : opaque;
  answer({ type: "decoded", id, picture }, picture.data.buffer);
}

async function decodeLatents({ header, file }: LatentsFile): Promise<Rgba> {
  const image = decodeImage(await models.byNumber(header.model), file);
  return rgba(image);
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
