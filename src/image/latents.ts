import { encodeImage } from "../codec/encode.ts";
import { hasModelSize, type Image } from "../codec/image.ts";
import type { Model } from "../codec/model.ts";
import { encodeNear, type Target } from "../codec/target.ts";
import { filled, type Wrap } from "./classical/wrap.ts";
import { bestModel, candidateOf, likelyModels } from "./domain.ts";
import { type Candidate, Judge } from "./judge.ts";

/** Quality at which models are compared where none is asked for. */
const LIKELY_QUALITY = 50;
/** What models make of a picture, each file with its alpha. */
export type Latents = (wrap: Wrap) => Candidate[];

/** What the models make of pictures of one size; of none, if they are of a size that models do not code. */
export function latentsOf(
  models: readonly Model[],
  images: readonly Image[],
  { target, effort }: { readonly target: Target; readonly effort: number },
): Latents[] {
  if (models.length === 0 || images.length === 0 || !hasModelSize(images[0]!))
    return images.map(() => () => []);
  const visible = images.map(filled);
  if (target.kind === "quality") {
    return atQuality(models, visible, target, effort).map((candidate) => (wrap) => [
      { ...candidate, file: wrap.around(candidate.file) },
    ]);
  }
  const likely = likelyModels(models, visible, LIKELY_QUALITY);
  return visible.map((image, i) => (wrap) => toTargets(likely[i]!, image, target, effort, wrap));
}

/** How much worse than the best model at effort 0 one may be that an effort is still spent on: in bytes, or in squared error. */
const PROMISING = 1.05;

/** What each model makes of a target at effort 0, and at the effort asked for those that come near the best. */
function toTargets(
  models: readonly Model[],
  image: Image,
  target: Exclude<Target, { kind: "quality" }>,
  effort: number,
  wrap: Wrap,
): Candidate[] {
  const at = (model: Model, effort: number) => toTarget(model, image, target, effort, wrap);
  if (effort === 0 || models.length === 1) return models.map((model) => at(model, effort));
  const first = models.map((model) => at(model, 0));
  const cost = ({ file, sse }: Candidate) => (target.kind === "psnr" ? file.length : sse + 1);
  const best = new Judge(target, image.data.length).best(first);
  const promising = models.filter((_, i) => !best || cost(first[i]!) <= PROMISING * cost(best));
  return [...first, ...promising.map((model) => at(model, effort))];
}

/** The best model's file of each; models are compared in one pass, and the effort goes into the best. */
function atQuality(
  models: readonly Model[],
  images: readonly Image[],
  { quality }: Target & { readonly kind: "quality" },
  effort: number,
): Candidate[] {
  const likely = likelyModels(models, images, quality);
  return images.map((image, i) => {
    const model = bestModel(likely[i]!, image, quality);
    return candidateOf(model, encodeImage(model, image, quality, effort));
  });
}

/** A model's file that meets a target best or, if none does, the nearest: the smallest, or the most like the picture. */
function toTarget(
  model: Model,
  image: Image,
  target: Exclude<Target, { kind: "quality" }>,
  effort: number,
  wrap: Wrap,
): Candidate {
  const { file, quality, sse } = encodeNear(model, image, without(target, wrap), effort);
  return { kind: "latents", file: wrap.around(file), sse, quality, model: model.number };
}

/** What a target leaves to the file without alpha. */
function without<T extends Target>(target: T, { bytes }: Wrap): T {
  return target.kind === "bytes" ? { ...target, maxBytes: target.maxBytes - bytes } : target;
}
