import { decodeImages, encodeImages, type Model } from "../codec/codec.ts";
import { ZippyNetError } from "../codec/errors.ts";
import { canBeLatents, type Image, withAlphaOf } from "../codec/image.ts";
import { squaredError } from "../codec/psnr.ts";
import { encodeTo, type Target } from "../codec/target.ts";
import { filled, type Wrap } from "./classical/wrap.ts";
import { type Candidate, Judge } from "./judge.ts";

/** What models make of a picture, each file with its alpha. */
export type Latents = (wrap: Wrap) => Candidate[];

/** What the models make of pictures of one size; of none, if they are of a size that models do not code. */
export function latentsOf(
  models: readonly Model[],
  images: readonly Image[],
  { target, effort }: { readonly target: Target; readonly effort: number },
): Latents[] {
  if (models.length === 0 || images.length === 0 || !canBeLatents(images[0]!))
    return images.map(() => () => []);
  const visible = images.map(filled);
  if (target.kind !== "quality")
    return visible.map((image) => (wrap) => toTarget(models, image, target, effort, wrap));
  return atQuality(models, visible, target, effort).map((candidate) => (wrap) => [
    { ...candidate, file: wrap.around(candidate.file) },
  ]);
}

/** The best model's file of each; models are compared without effort, which then goes into the best. */
function atQuality(
  models: readonly Model[],
  images: readonly Image[],
  target: Target & { readonly kind: "quality" },
  effort: number,
): Candidate[] {
  const judge = new Judge(target, images[0]!.data.length);
  const firstEffort = models.length > 1 ? 0 : effort;
  const tried = models.map((model) => candidatesOf(model, images, target.quality, firstEffort));
  const best = images.map((_, i) => judge.best(tried.map((ofModel) => ofModel[i]!))!);
  if (firstEffort === effort) return best;
  for (const model of models) {
    const its = best.flatMap((candidate, i) => (candidate.model === model.number ? [i] : []));
    const searched = candidatesOf(
      model,
      its.map((i) => images[i]!),
      target.quality,
      effort,
    );
    its.forEach((i, at) => {
      best[i] = searched[at]!;
    });
  }
  return best;
}

function candidatesOf(model: Model, images: readonly Image[], quality: number, effort: number): Candidate[] {
  const encoded = encodeImages(model, images, quality, effort);
  const decoded = decodeImages(
    model,
    encoded.map(({ file }) => file),
  );
  return encoded.map(({ file, estimatedBits }, i) => ({
    kind: "latents",
    file,
    squares: squaredError(images[i]!, withAlphaOf(images[i]!, decoded[i]!)),
    quality,
    model: model.number,
    estimatedBits,
  }));
}

/** Each model's file that meets a target best or, where none does, its nearest: the smallest, or the most like the picture. */
function toTarget(
  models: readonly Model[],
  image: Image,
  target: Exclude<Target, { kind: "quality" }>,
  effort: number,
  wrap: Wrap,
): Candidate[] {
  return models.flatMap((model): Candidate[] => {
    const nearest = candidatesOf(model, [image], target.kind === "bytes" ? 1 : 100, 0).map((candidate) => ({
      ...candidate,
      file: wrap.around(candidate.file),
    }));
    try {
      const { file, quality, squares } = encodeTo(model, image, without(target, wrap), effort);
      return [{ kind: "latents", file: wrap.around(file), squares, quality, model: model.number }];
    } catch (error) {
      if (error instanceof ZippyNetError && error.code === "bad-option") return nearest;
      throw error;
    }
  });
}

/** What a target leaves to the file without alpha. */
function without<T extends Target>(target: T, { bytes }: Wrap): T {
  return target.kind === "bytes" ? { ...target, maxBytes: target.maxBytes - bytes } : target;
}
