import type { Wish } from "../../../api/options.ts";
import { encodeTo } from "../../../codec/encode-to-target.ts";
import { type Image, laidOnWhite } from "../../../codec/image.ts";
import type { Model } from "../../../codec/model.ts";
import type { Target } from "../../../codec/target.ts";
import { bestEncoder, likelyModels } from "../../../image/by-models.ts";
import { type Candidate, Judge } from "../../../image/judge.ts";
import { loadModel } from "../../../model/load-model.ts";
import type { Request, Serve } from "../protocol.ts";
import { WorkerModels } from "./models.ts";
import { failure } from "./scope.ts";

/**
 * Answers what an encoder is asked; latents only. A module of its own, so that who only decodes loads neither `g_a` nor
 * the search.
 */
export const serveEncoder: Serve = (answer) => {
  const models = new WorkerModels<Model>(["g_a", "g_s", "prior"], loadModel, answer);
  const encode = async (image: Image, { model, target, effort }: Wish): Promise<Uint8Array> => {
    const chosen = await models.choose(model);
    // transparency is laid on white: latents have none; and the file gets its own buffer, which can be handed over
    return Uint8Array.from(bestFile(chosen, laidOnWhite(image), target, effort));
  };
  return (request: Request) => {
    switch (request.type) {
      case "encode": {
        const { id, image, wish } = request;
        encode(image, wish).then(
          (file) => answer({ type: "encoded", id, file }, file.buffer as ArrayBuffer),
          (error: unknown) => answer(failure(id, error)),
        );
        return;
      }
      case "decode":
        throw new TypeError("expected a request to encode");
      default:
        models.take(request);
    }
  };
};

/** Quality at which models are compared where none is asked for. */
const LIKELY_QUALITY = 50;

/** Throws as `encodeTo` if no model meets the target. */
function bestFile(tried: readonly Model[], image: Image, target: Target, effort: number): Uint8Array {
  if (target.kind === "quality") {
    const { quality } = target;
    return bestEncoder(likelyModels(tried, image, quality), image, quality).encode(quality, effort).file;
  }
  const candidates: Candidate[] = [];
  let unmet: unknown;
  for (const model of likelyModels(tried, image, LIKELY_QUALITY)) {
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
