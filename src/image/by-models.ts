import type { ImageEncoder } from "../codec/encode.ts";
import { encodeNearWith } from "../codec/encode-to-target.ts";
import { hasModelSize, type Image } from "../codec/image.ts";
import type { Model } from "../codec/model.ts";
import type { Target } from "../codec/target.ts";
import { bestEncoder, candidateOf, likelyModels } from "./choose-model.ts";
import { filled, type Wrap } from "./classical/wrap.ts";
import type { Candidate } from "./judge.ts";

/** The quality at which models are compared if none is asked for. The search for a target starts there too. */
const LIKELY_QUALITY = 50;

/**
 * The files that models make of a picture; empty if its size is one that they do not code.
 * @param wrap puts the alpha of the picture around a file
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

/** The target for the file without alpha. */
function without(target: Searched, { bytes }: Wrap): Searched {
  return target.kind === "bytes" ? { ...target, maxBytes: target.maxBytes - bytes } : target;
}
