import { type Image, laidOnWhite } from "../../../codec/image.ts";
import type { Model } from "../../../codec/model.ts";
import { encodeTo, type Target } from "../../../codec/target.ts";
import { bestModel, likelyModels } from "../../../image/domain.ts";
import { type Candidate, Judge } from "../../../image/judge.ts";
import { loadModel } from "../../../model/load.ts";
import type { Request, Rgba } from "../protocol.ts";
import { WorkerModels } from "./models.ts";
import { answer, fail, onRequest } from "./scope.ts";

/** The worker that encodes latents. It is one of its own, so that who only decodes loads neither `g_a` nor the search. */

let models: WorkerModels<Model>;

onRequest((request) => {
  switch (request.type) {
    case "start":
      models = new WorkerModels(
        request.models,
        ["g_a.safetensors", "g_s.safetensors", "prior.safetensors"],
        loadModel,
        (progress) => answer({ type: "progress", ...progress }),
      );
      return;
    case "encode":
      encode(request).then(
        (file) => answer({ type: "encoded", id: request.id, file }, file.buffer as ArrayBuffer),
        (error: unknown) => fail(request.id, error),
      );
  }
});

async function encode({ picture, wish }: Request & { readonly type: "encode" }): Promise<Uint8Array> {
  const { model = models.first, target, effort } = wish;
  const tried = model === "auto" ? await models.all() : [await models.byNumber(model)];
  const image = rgb(picture);
  const file = bestFile(tried, image, target, effort);
  return Uint8Array.from(file); // its own buffer, which can be handed over
}

/** Throws as `encodeTo` if no model meets the target. */
function bestFile(tried: readonly Model[], image: Image, target: Target, effort: number): Uint8Array {
  if (target.kind === "quality") {
    const [likely] = likelyModels(tried, [image], target.quality);
    return encodeTo(bestModel(likely!, image, target.quality), image, target, effort).file;
  }
  const candidates: Candidate[] = [];
  let unmet: unknown;
  for (const model of tried) {
    try {
      candidates.push({ kind: "latents", ...encodeTo(model, image, target, effort) });
    } catch (error) {
      unmet = error;
    }
  }
  const best = new Judge(target, image.data.length).best(candidates);
  if (!best) throw unmet;
  return best.file;
}

/** Transparency is laid on white: latents have none. */
function rgb({ width, height, data }: Rgba) {
  const pixels = new Uint8Array(width * height * 3);
  const alpha = new Uint8Array(width * height);
  for (let i = 0; i < alpha.length; i++) {
    for (let c = 0; c < 3; c++) pixels[i * 3 + c] = data[i * 4 + c]!;
    alpha[i] = data[i * 4 + 3]!;
  }
  return laidOnWhite({ width, height, data: pixels, alpha });
}
