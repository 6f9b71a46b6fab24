import { type Budget, metered } from "../codec/budget.ts";
import { assertWithin, ZippyNetError } from "../codec/errors.ts";
import { MAX_WEBP_SIDE } from "../codec/format/webp.ts";
import { type Kind, MAX_ALPHA } from "../codec/format/zn-file.ts";
import {
  assertPicture,
  assertPixels,
  hasModelSize,
  type Image,
  MAX_PIXELS,
  MAX_SIDE,
  MIN_SIDE,
} from "../codec/image.ts";
import type { Model } from "../codec/model.ts";
import type { SearchListener } from "../codec/rdo/refine.ts";
import { assertTarget, MAX_EFFORT, type Target, unmet } from "../codec/target.ts";
import { codeByModels } from "./by-models.ts";
import type { Classical } from "./classical/search.ts";
import { NO_WRAP, type Wrap, wrapperOf } from "./classical/wrap.ts";
import { type Candidate, Judge } from "./judge.ts";
import { withSharp } from "./with-sharp.ts";

export interface EncodeWish {
  readonly target: Target;
  /** 0–9. */
  readonly effort: number;
  /** Whether classical codecs may be used where they are better; true by default. */
  readonly classical?: boolean;
  /** What the search for the best file may cost; unlimited by default. */
  readonly budget?: Budget | undefined;
  /** Told how far the search of effort 2 and above has come. */
  readonly onSearch?: SearchListener | undefined;
}

/** A file with its kind and its quality. */
export interface EncodedPicture {
  readonly file: Uint8Array<ArrayBuffer>;
  readonly kind: Kind;
  /** In dB, with transparent pixels on white; infinite without loss. */
  readonly psnr: number;
  /** Only for latents. */
  readonly quality?: number;
  readonly model?: number;
  /** Whether the budget ended the search early. The target may then be missed. */
  readonly cut?: true;
  /** Bits of the payload according to the tables of the model. Only for latents of a given quality. */
  readonly estimatedBits?: number;
}

/** The VP8 quality that is tried first, and the share of a VP8 file's bytes that AV1 may need for the same PSNR. */
const PROBE = 40;
const AV1_OVER_VP8 = 0.6;
/** Up to how many pixels a picture is also coded without loss. Beyond that it takes seconds and hardly ever pays. */
const MAX_LOSSLESS = 8_000_000;
/** The end of errors where only a model could do it. */
const ALONE = "and no classical codec may stand in";
const TOO_MUCH_ALPHA = `expected alpha of at most ${MAX_ALPHA} bytes, got more, ${ALONE}`;

/**
 * Encodes a picture as a `.zn` file: as latents of the model that suits it best, or as a frame of a classical codec
 * where that is better. For a given quality, the best file has the fewest bits + λ · SSE, where λ comes from the
 * model's file. Alpha is kept. Throws `bad-image`, `too-large`, `bad-model` if a model is needed and there is none, or
 * `bad-option`, also if nothing meets the target.
 */
export async function encodePicture(
  models: readonly Model[],
  image: Image,
  wish: EncodeWish,
): Promise<EncodedPicture> {
  assertTarget(wish.target);
  assertWithin("effort", wish.effort, 0, MAX_EFFORT);
  assertPicture(image);
  assertNotTooLarge(image);
  assertPixels(image);
  const { target, classical = true, budget } = wish;
  const wrap = await wrapperOf(image);
  if (!wrap && !classical) throw new ZippyNetError("too-large", TOO_MUCH_ALPHA);
  const candidates = wrap ? codeByModels(withinBudget(models, budget), image, wrap, wish) : [];
  const judge = judgeOf(target, image, candidates);
  if (!wrap) candidates.push(await (await classicalAt(image, NO_WRAP, wish)).lossless());
  else if (classical) {
    const others = await classicalAt(image, wrap, wish);
    const [probe, ...lossless] = await Promise.all([
      others.probe(PROBE),
      ...(worthLossless(image, target) && !budget?.isSpent() ? [others.lossless()] : []),
    ]);
    const best = judge.best(candidates);
    candidates.push(...lossless);
    const spent = best !== undefined && budget?.isSpent();
    // if VP8, and so probably AV1, is much worse, faces need not wait for a search that never pays
    if (!spent && (!best || !judge.isHopeless(probe, best, AV1_OVER_VP8))) {
      const lossy = await others.lossy(judge, judge.best(candidates));
      const nothingFits =
        target.kind === "bytes" && !judge.best([...candidates, ...lossy]) && !budget?.isSpent();
      candidates.push(...(nothingFits ? await smallestFrames(others, image) : lossy));
    }
  }
  const best = judge.best(candidates) ?? (budget?.cut ? nearest(judge, candidates) : undefined);
  if (!best) throw candidates.length === 0 ? notForModels(image) : missed(judge, candidates);
  const { file, kind, quality, model, estimatedBits } = best;
  return {
    file,
    kind,
    psnr: judge.psnr(best),
    ...(budget?.cut && { cut: true as const }),
    ...(quality !== undefined && { quality }),
    ...(model !== undefined && { model }),
    ...(estimatedBits !== undefined && { estimatedBits }),
  };
}

function withinBudget(models: readonly Model[], budget: Budget | undefined): readonly Model[] {
  return budget ? models.map((model) => metered(model, budget)) : models;
}

/** Of candidates that all miss the target: the smallest file, or the one most like the original. */
function nearest({ target }: Judge, candidates: readonly Candidate[]): Candidate | undefined {
  const miss = ({ file, sse }: Candidate): number => (target.kind === "bytes" ? file.length : sse);
  return candidates.toSorted((a, b) => miss(a) - miss(b))[0];
}

async function classicalAt(image: Image, wrap: Wrap, { effort, budget }: EncodeWish): Promise<Classical> {
  const { Classical } = await withSharp(() => import("./classical/search.ts"));
  return new Classical(image, wrap, effort, budget);
}

/**
 * The smallest frames, and others around them. Bytes do not fall with every step of quality, so the search goes on from
 * the smallest file as long as it finds smaller ones. It begins in the same way whatever is asked for: so the least
 * bytes that an error names are met when they are asked for.
 */
async function smallestFrames(others: Classical, { data }: Image): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (let maxBytes = 1; ; maxBytes = leastOf(found)) {
    const made = await others.lossy(new Judge({ kind: "bytes", maxBytes }, data.length));
    const isSmaller = found.length === 0 || leastOf(made) < maxBytes;
    found.push(...made);
    if (!isSmaller) return found;
  }
}

function leastOf(candidates: readonly Candidate[]): number {
  return Math.min(...candidates.map(({ file }) => file.length));
}

/** Compares by the λ of the best latents, if there are any. */
function judgeOf(target: Target, { data }: Image, latents: readonly Candidate[]): Judge {
  const judge = new Judge(target, data.length);
  const best = judge.best(latents);
  return best ? judge.weighedBy(best) : judge;
}

function worthLossless({ width, height }: Image, { kind }: Target): boolean {
  return kind === "psnr" || width * height <= MAX_LOSSLESS;
}

/** Why no model makes a file of a picture: there is no model, or models do not code its sides. */
function notForModels(image: Image): ZippyNetError {
  if (hasModelSize(image)) return new ZippyNetError("bad-model", `expected a model, got none, ${ALONE}`);
  const { width, height } = image;
  const wanted = `expected sides of ${MIN_SIDE}–${MAX_SIDE} pixels, which models code`;
  return new ZippyNetError("bad-image", `${wanted}, got ${width}×${height}, ${ALONE}`);
}

/** Why none of the candidates meets the target. */
function missed(judge: Judge, candidates: readonly Candidate[]): ZippyNetError {
  const { target } = judge;
  if (target.kind === "quality") throw new TypeError("expected a target that can be missed");
  const most = (): number => Math.max(...candidates.map((candidate) => judge.psnr(candidate)));
  return unmet(target, target.kind === "bytes" ? leastOf(candidates) : most());
}

function assertNotTooLarge({ width, height }: Image): void {
  if (width * height <= MAX_PIXELS && Math.max(width, height) <= MAX_WEBP_SIDE) return;
  throw new ZippyNetError(
    "too-large",
    `expected a picture of at most ${MAX_PIXELS} pixels and sides of at most ${MAX_WEBP_SIDE}, got ${width}×${height}`,
  );
}
