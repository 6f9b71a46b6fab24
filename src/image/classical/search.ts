import type { Budget } from "../../codec/budget.ts";
import { joined } from "../../codec/format/bytes.ts";
import { type ClassicalCodec, readZn, writeClassical } from "../../codec/format/zn-file.ts";
import { filled, type Image } from "../../codec/image.ts";
import { sseOf } from "../../codec/rate-distortion.ts";
import type { Target } from "../../codec/target.ts";
import type { Candidate, Judge } from "../judge.ts";
import {
  FAMILIES,
  type Family,
  frameCost,
  isPolished,
  losslessFrame,
  lossyFrame,
  QUICK,
  SLOWEST,
  thoroughEffort,
  type Variant,
} from "./codecs.ts";
import { decodeClassical } from "./decode.ts";
import { NO_WRAP, type Wrap } from "./wrap.ts";

/** The qualities that a search starts with, and the steps that it then takes. */
const COARSE = [10, 25, 40, 55, 70, 85] as const;
const MOVES = [7, 3, 1] as const;
/** Pixels up to which a picture is coded at many qualities. Of a larger one, a square of this side is. */
const LARGEST_SEARCHED = 1024 * 1024;
const PART = 512;
/** The most files that a walk to a target makes. */
const LONGEST_WALK = 8;
/** By how many dB a file may be expected to miss its target and still be tried. */
const NEARLY = 0.2;
/**
 * The share of the quick search's bytes that the best variant may need at the slowest effort. The lowest that was seen,
 * in 22 small pictures coded to PSNRs, is 0.786.
 */
const BEST_OVER_QUICK = 0.78;
/** By what factor a variant's file of a PSNR may be larger than the best one's by the fast effort. */
const NEAR = 1.03;
/** The steps that are tried around the best quality. */
const AROUND = [-1, 0, 1] as const;

/** The settings that a file was made with. */
interface Tried extends Candidate {
  readonly variant: Variant;
  readonly at: number;
}

/** Codes one picture with the classical codecs, each file with its alpha. */
export class Classical {
  readonly #image: Image;
  readonly #visible: Image;
  readonly #wrap: Wrap;
  readonly #effort: number;
  readonly #budget: Budget | undefined;
  readonly #tried = new Map<Variant, Map<string, Promise<Candidate>>>();

  /**
   * @param wrap puts the alpha of the picture around a file
   * @param effort 0–9
   */
  constructor(image: Image, wrap: Wrap, effort: number, budget?: Budget) {
    this.#image = image;
    this.#visible = filled(image);
    this.#wrap = wrap;
    this.#effort = effort;
    this.#budget = budget;
  }

  /** The fast way: VP8 at a quality. */
  probe(quality: number): Promise<Candidate> {
    return this.try(FAMILIES[0]!.first, quality, QUICK);
  }

  async lossless(): Promise<Candidate> {
    this.#budget?.spend(frameCost("vp8l", this.#image, 0));
    return this.#candidate("vp8l", await losslessFrame(this.#image), NO_WRAP);
  }

  /**
   * The best file of every lossy codec. Some may miss the target.
   * @param rival the best file so far
   */
  async lossy(judge: Judge, rival?: Candidate): Promise<Candidate[]> {
    return (await this.#each(FAMILIES, (family) => this.#search(family, judge, rival))).flat();
  }

  /**
   * Runs all at once. Within a budget it runs one after the other, so that the budget is spent in the same order on
   * every machine.
   */
  async #each<T, U>(items: readonly T[], step: (item: T) => Promise<U>): Promise<U[]> {
    if (!this.#budget) return Promise.all(items.map(step));
    const done: U[] = [];
    for (const item of items) done.push(await step(item));
    return done;
  }

  /** Whether the budget allows so many frames. */
  #allows(count: number, { codec }: Variant, effort: number): boolean {
    return this.#budget?.allows(count * frameCost(codec, this.#image, effort)) ?? true;
  }

  async #search({ first, others }: Family, judge: Judge, rival?: Candidate): Promise<Candidate[]> {
    const { width, height } = this.#image;
    const effort = this.#effortTowards(judge.target);
    const large = width * height > LARGEST_SEARCHED;
    // without a rival, VP8 is always coded, so that there is a file
    if ((rival || first.codec !== "vp8") && !this.#allows(1, first, effort)) return [];
    if (large && judge.target.kind === "quality") {
      return [await this.try(first, await qualityOfPart(this.#visible, first, judge), effort)];
    }
    const quick = (quality: number): Promise<Candidate> => this.try(first, quality, QUICK);
    const quality =
      judge.target.kind === "quality"
        ? await leastLoss(quick, judge)
        : await edge(quick, judge, this.#budget);
    if (rival && judge.target.kind !== "quality") {
      if (judge.isHopeless(await quick(quality), rival, BEST_OVER_QUICK)) return [];
    }
    const starts = large
      ? [{ variant: first, quality }]
      : await this.#starts([first, ...others], quality, judge);
    const found = await this.#each(starts, async ({ variant, quality }) =>
      variant === first || this.#allows(AROUND.length, variant, effort)
        ? this.#near(variant, quality, effort, judge)
        : [],
    );
    const all = found.flat();
    if (effort === SLOWEST || !isPolished(this.#image)) return all;
    const best = judge.best(rival ? [...all, rival] : all);
    const polished = await this.#each(found, async (ofVariant) => {
      const own = judge.best(ofVariant);
      if (!own || !mayWin(own, best, judge) || !this.#allows(AROUND.length, own.variant, SLOWEST)) return [];
      return this.#near(own.variant, own.at, SLOWEST, judge);
    });
    return [...all, ...polished.flat()];
  }

  /** The effort of AVIF that all variants are coded with; towards a target, the slowest is for those that may win. */
  #effortTowards({ kind }: Target): number {
    const isForFew = kind !== "quality" && isPolished(this.#image);
    return thoroughEffort(this.#image, isForFew ? 0 : this.#effort);
  }

  /**
   * The variants that are worth a slow effort, each with the quality to begin at. Towards a target each goes by the
   * fast effort first; those that need clearly more bytes for a PSNR are left out.
   */
  async #starts(
    variants: readonly Variant[],
    quality: number,
    judge: Judge,
  ): Promise<{ readonly variant: Variant; readonly quality: number }[]> {
    if (judge.target.kind === "quality") return variants.map((variant) => ({ variant, quality }));
    const tries = await this.#each(variants, async (variant) => {
      if (variant !== variants[0] && !this.#allows(1, variant, QUICK)) return [];
      const tried = await this.#near(variant, quality, QUICK, judge);
      return [judge.best(tried) ?? tried.at(-1)!];
    });
    const ends = tries.flat();
    const best = judge.target.kind === "psnr" ? judge.best(ends) : undefined;
    const isNear = ({ file }: Candidate): boolean => !best || file.length <= NEAR * best.file.length;
    return ends.filter(isNear).map(({ variant, at }) => ({ variant, quality: at }));
  }

  /** The files of a variant around a quality. */
  async #near(variant: Variant, quality: number, effort: number, judge: Judge): Promise<Tried[]> {
    const at = async (value: number): Promise<Tried> => ({
      ...(await this.try(variant, value, effort)),
      variant,
      at: value,
    });
    if (judge.target.kind === "quality") return around(at, quality);
    const quick = (value: number): Promise<Candidate> => this.try(variant, value, QUICK);
    return walk(at, quick, quality, judge, this.#budget);
  }

  /** The file of a variant at a quality and an effort of AVIF; kept for the next call. */
  async try(variant: Variant, quality: number, effort: number): Promise<Candidate> {
    const tried = this.#tried.get(variant) ?? new Map<string, Promise<Candidate>>();
    this.#tried.set(variant, tried);
    const key = await this.#keyOf(variant, quality, effort);
    const candidate = tried.get(key) ?? this.#code(variant, quality, effort);
    tried.set(key, candidate);
    return candidate;
  }

  /**
   * What files that are the same have in common. AV1 has 64 steps where AVIF has 100 qualities, so a third of these
   * give the file of another one. The fast effort shows which, in a hundredth of the time of the slowest.
   */
  async #keyOf(variant: Variant, quality: number, effort: number): Promise<string> {
    if (variant.codec !== "av1") return String(quality);
    if (effort <= QUICK || !isPolished(this.#image)) return `${effort} ${quality}`;
    const { file } = await this.try(variant, quality, QUICK);
    return `${effort} ${Buffer.from(file).toString("latin1")}`;
  }

  async #code(variant: Variant, quality: number, effort: number): Promise<Candidate> {
    this.#budget?.spend(frameCost(variant.codec, this.#visible, effort));
    const frame = await lossyFrame(variant, this.#visible, quality, effort);
    return this.#candidate(variant.codec, frame, this.#wrap);
  }

  async #candidate(codec: ClassicalCodec, frame: Uint8Array, wrap: Wrap): Promise<Candidate> {
    const bare = writeClassical(codec, frame);
    const file = readZn(bare);
    if (file.kind === "latents") throw new TypeError("expected a classical file");
    const decoded = await decodeClassical(file);
    const alpha = decoded.alpha ?? this.#image.alpha;
    const sse = sseOf(this.#image, alpha ? { ...decoded, alpha } : decoded);
    return { kind: codec, file: wrap.around(bare), sse };
  }
}

/** The quality with the least loss: first in large steps, then in ever smaller ones around the best so far. */
async function leastLoss(at: (quality: number) => Promise<Candidate>, judge: Judge): Promise<number> {
  const loss = async (quality: number) => ({ quality, loss: judge.loss(await at(quality)) });
  const least = (tried: readonly { quality: number; loss: number }[]) =>
    tried.reduce((a, b) => (b.loss < a.loss ? b : a));
  let best = least(await Promise.all(COARSE.map(loss)));
  for (const by of MOVES) {
    const around = [best.quality - by, best.quality + by].filter(isQuality);
    best = least([best, ...(await Promise.all(around.map(loss)))]);
  }
  return best.quality;
}

/** The lowest quality that reaches a PSNR, or the highest that fits the bytes; 100 or 1 if none does. */
async function edge(
  at: (quality: number) => Promise<Candidate>,
  judge: Judge,
  budget: Budget | undefined,
): Promise<number> {
  const rising = judge.target.kind === "psnr";
  let [low, high] = [1, 100];
  while (low < high && !budget?.isSpent()) {
    const middle = (low + high) >> 1;
    if (judge.meets(await at(middle)) === rising) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Whether a file may become better than its rival when coded with the slowest effort, which has saved up to a seventh.
 */
function mayWin(best: Candidate, rival: Candidate | undefined, judge: Judge): boolean {
  if (!rival) return true;
  const hoped = {
    ...best,
    file: best.file.subarray(0, 0.85 * best.file.length),
    sse: 0.8 * best.sse,
  };
  return judge.best([rival, hoped]) === hoped;
}

/** A quality and its neighbours. */
function around(at: (quality: number) => Promise<Tried>, quality: number): Promise<Tried[]> {
  return Promise.all(
    AROUND.map((by) => quality + by)
      .filter(isQuality)
      .map(at),
  );
}

/**
 * From a quality to the one where a slow effort just meets the target. What a file's margin will be is known from the
 * fast effort, corrected by how far the two were apart at the last quality; so few slow files are made. The first is
 * made whatever is left of the budget, so that there is a file.
 */
async function walk(
  at: (quality: number) => Promise<Tried>,
  quick: (quality: number) => Promise<Candidate>,
  from: number,
  judge: Judge,
  budget: Budget | undefined,
): Promise<Tried[]> {
  const better = judge.target.kind === "psnr" ? 1 : -1;
  const tried = new Map<number, Tried>();
  for (let quality = from; !tried.has(quality) && tried.size < LONGEST_WALK; ) {
    if (tried.size > 0 && budget?.isSpent()) break;
    const last = await at(quality);
    tried.set(quality, last);
    const correction = judge.margin(last) - judge.margin(await quick(quality));
    const isHopeful = async (other: number): Promise<boolean> => {
      const known = tried.get(other);
      return known ? judge.meets(known) : judge.margin(await quick(other)) + correction >= -NEARLY;
    };
    while (!(await isHopeful(quality)) && isQuality(quality + better)) quality += better;
    while (isQuality(quality - better) && (await isHopeful(quality - better))) quality -= better;
  }
  return [...tried.values()];
}

function isQuality(value: number): boolean {
  return value >= 1 && value <= 100;
}

/** The best settings for the middle of a large picture. */
async function qualityOfPart(image: Image, variant: Variant, judge: Judge): Promise<number> {
  const part = new Classical(middle(image, PART), NO_WRAP, 0);
  return leastLoss((quality) => part.try(variant, quality, QUICK), judge);
}

function middle({ width, height, data }: Image, side: number): Image {
  const [w, h] = [Math.min(width, side), Math.min(height, side)];
  const [left, top] = [(width - w) >> 1, (height - h) >> 1];
  const rows = Array.from({ length: h }, (_, y) => {
    const from = ((top + y) * width + left) * 3;
    return data.subarray(from, from + w * 3);
  });
  return { width: w, height: h, data: joined(...rows) };
}
