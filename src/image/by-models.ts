import { encodeNear } from "../codec/encode-to-target.ts";
import { hasModelSize, type Image } from "../codec/image.ts";
import type { Model } from "../codec/model.ts";
import type { Target } from "../codec/target.ts";
import { bestEncoder, candidateOf, likelyModels } from "./choose-model.ts";
import { filled, type Wrap } from "./classical/wrap.ts";
import { type Candidate, Judge } from "./judge.ts";

/** Quality at which models are compared where none is asked for. */
const LIKELY_QUALITY = 50;
/**
 * How much worse than the best model at effort 0 one may be that an effort is still spent on: in bytes, or in squared
 * error.
 */
const PROMISING = 1.05;

/**
 * What models make of a picture; nothing, if it is of a size that they do not code.
 * @param wrap puts the picture's alpha around a file
 * @param effort 0–9
 */
export function codeByModels(
  models: readonly Model[],
  image: Image,
  wrap: Wrap,
  { target, effort }: { readonly target: Target; readonly effort: number },
): Candidate[] {
  if (models.length === 0 || !hasModelSize(image)) return [];
  const visible = filled(image);
  if (target.kind !== "quality") {
    return toTarget(likelyModels(models, visible, LIKELY_QUALITY), visible, wrap, { target, effort });
  }
  const { quality } = target;
  const encoder = bestEncoder(likelyModels(models, visible, quality), visible, quality);
  const candidate = candidateOf(encoder.model, encoder.encode(quality, effort));
  return [{ ...candidate, file: wrap.around(candidate.file) }];
}

type Searched = Exclude<Target, { kind: "quality" }>;

/** What each model makes of a target at effort 0, and at the effort asked for those that come near the best. */
function toTarget(
  models: readonly Model[],
  image: Image,
  wrap: Wrap,
  { target, effort }: { readonly target: Searched; readonly effort: number },
): Candidate[] {
  const at = (model: Model, effort: number): Candidate => {
    const { file, quality, sse } = encodeNear(model, image, without(target, wrap), effort);
    return { kind: "latents", file: wrap.around(file), sse, quality, model: model.number };
  };
  const each = (some: readonly Model[], effort: number, made = 0): Candidate[] =>
    some.flatMap((model, i) => (i + made > 0 && model.budget?.isSpent() ? [] : [at(model, effort)]));
  if (effort === 0 || models.length === 1) return each(models, effort);
  const first = each(models, 0);
  const cost = ({ file, sse }: Candidate) => (target.kind === "psnr" ? file.length : sse + 1);
  const best = new Judge(target, image.data.length).best(first);
  const promising = models
    .slice(0, first.length)
    .filter((_, i) => !best || cost(first[i]!) <= PROMISING * cost(best));
  return [...first, ...each(promising, effort, first.length)];
}

/** What a target leaves to the file without alpha. */
function without(target: Searched, { bytes }: Wrap): Searched {
  return target.kind === "bytes" ? { ...target, maxBytes: target.maxBytes - bytes } : target;
}
