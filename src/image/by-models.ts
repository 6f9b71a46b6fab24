import { type Encoded, ImageEncoder } from "../codec/encode.ts";
import { encodeNearWith } from "../codec/encode-to-target.ts";
import { filled, hasModelSize, type Image } from "../codec/image.ts";
import type { Model } from "../codec/model.ts";
import type { Target } from "../codec/target.ts";
import { domainOf } from "../model/manifest.ts";
import type { Wrap } from "./classical/wrap.ts";
import { type Candidate, Judge } from "./judge.ts";

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

/** The smaller side of the copy on which models are first compared. */
const SMALL = 32;
/** A domain is left out if its loss on the small copy is above that of the best one by more than this factor. */
const HOPELESS = 1.12;

/**
 * Leaves out the models that code a smaller copy of the picture badly. Done only if there are several models and the
 * picture is large enough for this to save time. A small copy shows which domain suits the picture, but not which size
 * of its models.
 */
export function likelyModels(models: readonly Model[], image: Image, quality: number): readonly Model[] {
  const factor = Math.floor(Math.min(image.width, image.height) / SMALL);
  if (models.length === 1 || factor < 2) return models;
  const small = shrunk(image, factor);
  const judge = new Judge({ kind: "quality", quality }, small.data.length);
  const least = new Map<string, number>();
  for (const model of models) {
    const domain = domainOf(model.name);
    const loss = judge.loss(candidateOf(model, new ImageEncoder(model, small).encodeInOnePass(quality)));
    least.set(domain, Math.min(loss, least.get(domain) ?? loss));
  }
  const best = Math.min(...least.values());
  const lossOf = ({ name }: Model): number => least.get(domainOf(name))!;
  // the best first, because a budget may leave no multiplications for the others
  return models.filter((model) => lossOf(model) <= HOPELESS * best).sort((a, b) => lossOf(a) - lossOf(b));
}

/**
 * The encoder of the model that needs the fewest bytes at equal PSNR, found by one pass of each model; that pass is
 * kept. At one quality, models differ both in bytes and in PSNR. For any picture a decibel is worth about a fifth of
 * the bytes, so bytes · SSE is nearly constant along the curve of a model. The least product wins: see
 * docs/experiments.md.
 */
export function bestEncoder(models: readonly Model[], image: Image, quality: number): ImageEncoder {
  const encoders = models.map((model) => new ImageEncoder(model, image));
  if (encoders.length === 1) return encoders[0]!;
  const products: number[] = [];
  for (const encoder of encoders) {
    if (products.length > 0 && encoder.model.budget?.isSpent()) break;
    const { file, sse } = encoder.encodeInOnePass(quality);
    products.push(file.length * (sse + 1));
  }
  return encoders[products.indexOf(Math.min(...products))]!;
}

/** A model's file, to be compared with others. */
export function candidateOf({ number }: Model, { file, sse, quality, estimatedBits }: Encoded): Candidate {
  return { kind: "latents", file, sse, quality, model: number, estimatedBits };
}

/** Means of factor × factor pixels. Pixels left over at the right and at the bottom are dropped. */
function shrunk({ width, height, data }: Image, factor: number): Image {
  const [w, h] = [Math.floor(width / factor), Math.floor(height / factor)];
  const small = Uint8Array.from({ length: w * h * 3 }, (_, at) => {
    const [c, pixel] = [at % 3, Math.floor(at / 3)];
    const [left, top] = [(pixel % w) * factor, Math.floor(pixel / w) * factor];
    let sum = 0;
    for (let y = top; y < top + factor; y++) {
      for (let x = left; x < left + factor; x++) sum += data[(y * width + x) * 3 + c]!;
    }
    return Math.round(sum / factor ** 2);
  });
  return { width: w, height: h, data: small };
}
