import { type Encoded, ImageEncoder } from "../codec/encode.ts";
import { encodeNearWith } from "../codec/encode-to-target.ts";
import { filled, hasModelSize, type Image } from "../codec/image.ts";
import type { Model } from "../codec/model.ts";
import type { SearchListener } from "../codec/rdo/refine.ts";
import { FIRST_QUALITY, type SearchedTarget, type Target } from "../codec/target.ts";
import { domainOf } from "../model/manifest.ts";
import type { Wrap } from "./classical/wrap.ts";
import { type Candidate, Judge } from "./judge.ts";

/** What is asked of models. */
interface ModelWish {
  readonly target: Target;
  /** 0–9. */
  readonly effort: number;
  readonly onSearch?: SearchListener | undefined;
}

/**
 * The files that models make of a picture; empty if its size is one that they do not code.
 * @param wrap puts the alpha of the picture around a file
 */
export function codeByModels(
  models: readonly Model[],
  image: Image,
  wrap: Wrap,
  { target, effort, onSearch }: ModelWish,
): Candidate[] {
  if (models.length === 0 || !hasModelSize(image)) return [];
  const visible = filled(image);
  const wanted = withoutAlpha(target, wrap);
  const encoder = chosenEncoder(models, new PictureEncoders(visible), wanted, effort);
  encoder.onSearch = onSearch;
  const candidate =
    wanted.kind === "quality"
      ? candidateOf(encoder.model, encoder.encode(wanted.quality, effort))
      : toTarget(encoder, visible, wanted, effort);
  return [{ ...candidate, file: wrap.around(candidate.file) }];
}

function toTarget(encoder: ImageEncoder, image: Image, target: SearchedTarget, effort: number): Candidate {
  const { file, quality, sse } = encodeNearWith(encoder, image, target, effort);
  return { kind: "latents", file, sse, quality, model: encoder.model.number };
}

/** The target for the file without alpha. */
function withoutAlpha(target: Target, { bytes }: Wrap): Target {
  return target.kind === "bytes" ? { ...target, maxBytes: target.maxBytes - bytes } : target;
}

/** The smaller side of the copy on which models are first compared. */
const SMALL = 32;
/** A domain is left out if its loss on the small copy is above that of the best one by more than this factor. */
const HOPELESS = 1.12;
/** Models are close if one run of each gives products that differ by no more than this factor. */
const CLOSE = 1.03;

/** The encoders of one picture, each made when it is first asked for. What one has computed serves later requests. */
export class PictureEncoders {
  readonly image: Image;
  readonly #encoders = new Map<Model, ImageEncoder>();
  #small: PictureEncoders | undefined;

  constructor(image: Image) {
    this.image = image;
  }

  of(model: Model): ImageEncoder {
    const encoder = this.#encoders.get(model) ?? new ImageEncoder(model, this.image);
    this.#encoders.set(model, encoder);
    return encoder;
  }

  /** Those of a smaller copy of the picture, or undefined if the picture is too small for that to save time. */
  get small(): PictureEncoders | undefined {
    const factor = Math.floor(Math.min(this.image.width, this.image.height) / SMALL);
    if (factor < 2) return undefined;
    this.#small ??= new PictureEncoders(shrunk(this.image, factor));
    return this.#small;
  }
}

/**
 * The encoder of the model that suits a picture best. Models are compared at the quality of the target, or at 50 if it
 * has none. If that model needs more bytes than are given even at quality 1, they are compared there.
 * @param effort 0–9, of the file that is to come; undefined for a draft, where one run of each model has to do
 */
export function chosenEncoder(
  models: readonly Model[],
  encoders: PictureEncoders,
  target: Target,
  effort: number | undefined,
): ImageEncoder {
  const quality = target.kind === "quality" ? target.quality : FIRST_QUALITY;
  const best = bestEncoder(likelyModels(models, encoders, quality), encoders, quality, effort);
  if (target.kind !== "bytes" || models.length === 1 || !isTooLarge(best, target)) return best;
  return bestEncoder(models, encoders, 1, effort);
}

/** A file of quality 1 has at most this share of the bytes of one at `FIRST_QUALITY`; usually it has a third. */
const LEAST_SHARE = 0.6;

/** Whether a model needs more bytes than are given. */
function isTooLarge(encoder: ImageEncoder, { maxBytes }: Extract<Target, { kind: "bytes" }>): boolean {
  const size = (quality: number): number => encoder.encodeInOneRun(quality).file.length;
  return (
    maxBytes < LEAST_SHARE * size(FIRST_QUALITY) && maxBytes < size(1) && !encoder.model.budget?.isSpent()
  );
}

/**
 * Leaves out the models that code a smaller copy of the picture badly. Done only if there are several models and the
 * picture is large enough for this to save time. A small copy shows which domain suits the picture, but not which size
 * of its models.
 */
function likelyModels(
  models: readonly Model[],
  encoders: PictureEncoders,
  quality: number,
): readonly Model[] {
  const { small } = encoders;
  if (models.length === 1 || !small) return models;
  const judge = new Judge({ kind: "quality", quality }, small.image.data.length);
  const least = new Map<string, number>();
  for (const model of models) {
    const domain = domainOf(model.name);
    const loss = judge.loss(candidateOf(model, small.of(model).encodeInOneRun(quality)));
    least.set(domain, Math.min(loss, least.get(domain) ?? loss));
  }
  const best = Math.min(...least.values());
  const lossOf = ({ name }: Model): number => least.get(domainOf(name))!;
  // the best first, because a budget may leave no multiplications for the others
  return models.filter((model) => lossOf(model) <= HOPELESS * best).sort((a, b) => lossOf(a) - lossOf(b));
}

/**
 * The encoder of the model that needs the fewest bytes at equal PSNR. At one quality, models differ both in bytes and
 * in PSNR. For any picture a decibel is worth about a fifth of the bytes, so bytes · SSE is nearly constant along the
 * curve of a model, and the least product wins. One run of each model tells which are close; it often errs between
 * those, so they are compared in their best orientations. What the winner has computed serves the file that is to come.
 * See docs/experiments.md.
 */
function bestEncoder(
  models: readonly Model[],
  encoders: PictureEncoders,
  quality: number,
  effort: number | undefined,
): ImageEncoder {
  const each = models.map((model) => encoders.of(model));
  if (each.length === 1) return each[0]!;
  const compared = ranked(each, (encoder) => encoder.encodeInOneRun(quality));
  const close = compared.filter(({ product }) => product <= CLOSE * compared[0]!.product);
  if (effort === undefined || close.length === 1) return compared[0]!.encoder;
  const rivals = close.map(({ encoder }) => encoder);
  return ranked(rivals, (encoder) => encoder.encodeTurned(quality, effort))[0]!.encoder;
}

/** An encoder, and the product of bytes and squared error of a file of it. */
interface Ranked {
  readonly encoder: ImageEncoder;
  readonly product: number;
}

/** Encoders, the one of the least product first. Those for which a budget has nothing left are left out. */
function ranked(encoders: readonly ImageEncoder[], encode: (encoder: ImageEncoder) => Encoded): Ranked[] {
  const found: Ranked[] = [];
  for (const encoder of encoders) {
    if (found.length > 0 && encoder.model.budget?.isSpent()) break;
    const { file, sse } = encode(encoder);
    found.push({ encoder, product: file.length * (sse + 1) });
  }
  return found.sort((a, b) => a.product - b.product);
}

/** A model's file, to be compared with others. */
function candidateOf({ number }: Model, { file, sse, quality, estimatedBits }: Encoded): Candidate {
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
