import { type Encoded, ImageEncoder } from "../codec/encode.ts";
import type { Image } from "../codec/image.ts";
import type { Model } from "../codec/model.ts";
import { domainOf } from "../model/manifest.ts";
import { type Candidate, Judge } from "./judge.ts";

/** Smaller side of the pictures that models are first compared on. */
const SMALL = 32;
/** A domain is hopeless if its loss on the small picture is above the best one's by more than this factor. */
const HOPELESS = 1.12;

/**
 * Leaves out the models that are hopeless for a picture, by coding a smaller copy of it: where there are several
 * models, and the picture is large enough for that to save time. A small copy tells of a domain, but not which of its
 * models is for the picture's size.
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
  // the likeliest first, in case a budget leaves none for the others
  return models.filter((model) => lossOf(model) <= HOPELESS * best).sort((a, b) => lossOf(a) - lossOf(b));
}

/**
 * The encoder of the model that gives the fewest bytes at equal PSNR, by one pass of each; that pass is kept. At one
 * quality models differ in bytes and PSNR. A decibel is worth about a fifth of the bytes to any picture, so bytes · SSE
 * stays about the same along a model's curve, and the least product wins: see docs/experiments.md.
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

/** A model's file, to be weighed against others. */
export function candidateOf({ number }: Model, { file, sse, quality, estimatedBits }: Encoded): Candidate {
  return { kind: "latents", file, sse, quality, model: number, estimatedBits };
}

/** Means of factor × factor pixels; what is left over at the right and below goes. */
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
