import type { ImageEncoder } from "../codec/encode.ts";
import { encodeNearWith } from "../codec/encode-to-target.ts";
import { hasModelSize, type Image } from "../codec/image.ts";
import type { Model } from "../codec/model.ts";
import type { Target } from "../codec/target.ts";
import { bestEncoder, candidateOf, likelyModels } from "./choose-model.ts";
import { filled, type Wrap } from "./classical/wrap.ts";
import type { Candidate } from "./judge.ts";

/** Quality at which models are compared where none is asked for: where the search for a target begins. */
const LIKELY_QUALITY = 50;

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
  const compared = target.kind === "quality" ? target.quality : LIKELY_QUALITY;
  const encoder = bestEncoder(likelyModels(models, visible, compared), visible, compared);
  const candidate =
    target.kind === "quality"
      ? candidateOf(encoder.model, encoder.encode(target.quality, effort))
      : toTarget(encoder, visible, without(target, wrap), effort);
  return [{ ...candidate, file: wrap.around(candidate.file) }];
}

function toTarget(encoder: ImageEncoder, image: Image, target: Searched, effort: number): Candidate {
  const { file, quality, sse } = encodeNearWith(encoder, image, target, effort);
  return { kind: "latents", file, sse, quality, model: encoder.model.number };
}

type Searched = Exclude<Target, { kind: "quality" }>;

/** What a target leaves to the file without alpha. */
function without(target: Searched, { bytes }: Wrap): Searched {
  return target.kind === "bytes" ? { ...target, maxBytes: target.maxBytes - bytes } : target;
}
