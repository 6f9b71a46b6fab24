import { type Encoded, encodeInOnePass } from "../codec/encode.ts";
import type { Image } from "../codec/image.ts";
import type { Model } from "../codec/model.ts";
import { domainOf } from "../model/manifest.ts";
import { type Candidate, Judge } from "./judge.ts";

/** Smaller side of the pictures that models are first compared on. */
const SMALL = 32;
/** A domain is hopeless if its loss on the small picture is above the best one's by more than this factor. */
const HOPELESS = 1.12;

/**
 * The models worth trying on each image: from pictures scaled down, where there are several models and that saves time. A small picture
 * tells of a domain, but nothing of which of its models is for the picture's size.
 */
export function likelyModels(models: readonly Model[], images: readonly Image[], quality: number): Model[][] {
  const { width, height } = images[0]!;
  const factor = Math.floor(Math.min(width, height) / SMALL);
  if (models.length === 1 || factor < 2) return images.map(() => [...models]);
  const small = images.map((image) => shrunk(image, factor));
  const judge = judgeOf(quality, small[0]!);
  const tried = models.map((model) =>
    small.map((image) => candidateOf(model, encodeInOnePass(model, image, quality))),
  );
  return images.map((_, i) => {
    const least = new Map<string, number>();
    models.forEach(({ name }, at) => {
      const loss = judge.loss(tried[at]![i]!);
      least.set(domainOf(name), Math.min(loss, least.get(domainOf(name)) ?? loss));
    });
    const best = Math.min(...least.values());
    return models.filter(({ name }) => least.get(domainOf(name))! <= HOPELESS * best);
  });
}

/**
 * The model of the fewest bytes at equal PSNR. At one quality models differ in both; a decibel is worth about a fifth of the bytes to
 * whatever picture, so that bytes · squared error stays about the same along a model's curve: see docs/experiments.md.
 */
export function bestModel(models: readonly Model[], image: Image, quality: number): Model {
  if (models.length === 1) return models[0]!;
  const products = models.map((model) => {
    const { file, sse } = encodeInOnePass(model, image, quality);
    return file.length * (sse + 1);
  });
  return models[products.indexOf(Math.min(...products))]!;
}

export function candidateOf({ number }: Model, { file, sse, quality, estimatedBits }: Encoded): Candidate {
  return { kind: "latents", file, sse, quality, model: number, estimatedBits };
}

/** What a quality makes of candidates of an image's size. */
export function judgeOf(quality: number, { data }: Image): Judge {
  return new Judge({ kind: "quality", quality }, data.length);
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
