import { type Encoded, encodeImage, ImageEncoder } from "./encode.ts";
import { assertWithin } from "./errors.ts";
import { assertImage, type Image } from "./image.ts";
import type { Model } from "./model.ts";
import { decibels } from "./rate-distortion.ts";
import { type Loss, type Outcome, towardsBits, towardsSse } from "./rdo/objective.ts";
import { isTooLargeToSearch } from "./rdo/refine.ts";
import type { Trial } from "./rdo/trials.ts";
import {
  bestHit,
  FIRST_QUALITY,
  type Hit,
  MAX_EFFORT,
  meets,
  QUALITIES,
  type SearchedTarget,
  type Target,
  unmet,
} from "./target.ts";

/** By how much a step of quality changes a file, as a first guess: in dB, and in natural logarithms of bytes. */
const USUAL_STEP = { psnr: 0.11, bytes: 0.024 } as const;
/** The most runs that search for the quality. The last steps are taken by each analysis by itself. */
const MAX_RUNS = 7;
/** The most steps of quality that an analysis is taken towards the target. */
const MAX_STEPS = 5;
/**
 * Steps that an analysis is taken past the target. Bytes and PSNR rise with quality, but not at every step: what misses
 * the target by one step may meet it by the next.
 */
const STEPS_PAST = 2;
/** For the same reason, the qualities up to so far from that of the best file are tried as well. */
const NEIGHBOURS = 1;
/** Of an analysis' files that fit the bytes, so many of the highest quality are decoded and compared. */
const MAX_CONTENDERS = 2;
/** Steps of quality by which the trials of effort 0 reach a PSNR earlier than a single run does. */
const STEPS_SAVED = 2;
/** The most by which a refinement aims beyond where it starts, as a factor, if the target is far away. */
const MAX_STRETCH = 1.4;
/** Bits of a file beside the payload, with a byte to spare. */
const OVERHEAD_BITS = 48;

/**
 * Encodes an image to a target. Throws `bad-image`, or `bad-option` if nothing meets the target; it names the least
 * possible bytes or the most possible dB.
 * @param effort 0–9
 */
export function encodeTo(model: Model, image: Image, target: Target, effort = 0): Hit {
  if (target.kind === "quality") return hitOf(image, encodeImage(model, image, target.quality, effort));
  assertImage(image);
  assertWithin("effort", effort, 0, MAX_EFFORT);
  return encodeToWith(new ImageEncoder(model, image), image, target, effort);
}

/** As `encodeTo`, by an encoder that may have seen the picture already. Trusts its caller that all is within bounds. */
export function encodeToWith(encoder: ImageEncoder, image: Image, target: Target, effort: number): Hit {
  if (target.kind === "quality") return hitOf(image, encoder.encode(target.quality, effort));
  return assertMet(target, encodeNearWith(encoder, image, target, effort));
}

/**
 * As `encodeToWith`, but where nothing meets the target it gives the nearest: the smallest file, or the best picture.
 */
export function encodeNearWith(
  encoder: ImageEncoder,
  image: Image,
  target: SearchedTarget,
  effort: number,
): Hit {
  const search = (wanted: SearchedTarget): Hit => new TargetSearch(encoder, image, wanted).run(effort);
  const first = search(target);
  if (target.kind === "psnr" || meets(target, first)) return first;
  const hits = [first];
  encoder.squeeze(effort, (found) => {
    const hit = hitOf(image, found);
    hits.push(hit);
    return meets(target, hit);
  });
  let nearest = bestHit(hits, target)!;
  // a search that aims below the smallest file so far may find a smaller one; the error names the smallest of all
  while (!meets(target, nearest)) {
    const lower = { kind: "bytes", maxBytes: nearest.file.length - 1 } as const;
    const hit = search(lower);
    if (!meets(lower, hit)) break;
    nearest = hit;
  }
  return nearest;
}

/**
 * A file to a target by single runs, for a picture that follows a slider: about a fifth of the work, and some tenths
 * of a decibel worse. Throws and trusts as `encodeToWith`.
 */
export function draftTo(encoder: ImageEncoder, image: Image, target: Target): Hit {
  if (target.kind === "quality") return hitOf(image, encoder.encodeInOneRun(target.quality));
  return assertMet(target, new TargetSearch(encoder, image, target).inSingleRuns());
}

/** Returns the file if it meets the target. Throws `bad-option` otherwise. */
function assertMet(target: SearchedTarget, hit: Hit): Hit {
  if (meets(target, hit)) return hit;
  throw unmet(target, target.kind === "bytes" ? hit.file.length : hit.psnr);
}

/**
 * Finds a file to a number of bytes in about the time of two files of a quality, and to a PSNR in that of two or three:
 *
 * 1. Passes of the networks, which interpolate, find the quality (`#findQuality`).
 * 2. There the encoder makes the trials of effort 0: in the best orientation, as it is and corrected. From then on only
 *    the gain changes, and each of these analyses takes the last steps to the target by itself (`#walk`). Bytes are
 *    known before anything is decoded, so only files that may be the best are decoded. Effort 1 repeats this from where
 *    it ended.
 * 3. From effort 2 on the best trial is refined, once and not for each quality, by a loss that leads to the target
 *    (`#refine`; see `towardsSse`).
 */
class TargetSearch {
  readonly #encoder: ImageEncoder;
  readonly #image: Image;
  readonly #target: SearchedTarget;
  /** The direction of quality that leads to files that meet the target. */
  readonly #towards: 1 | -1;
  readonly #hits: Hit[] = [];
  /** Files that a refinement may start from, and what they hold. */
  readonly #trials = new Map<Hit, Trial>();

  constructor(encoder: ImageEncoder, image: Image, target: SearchedTarget) {
    this.#encoder = encoder;
    this.#image = image;
    this.#target = target;
    this.#towards = target.kind === "psnr" ? 1 : -1;
  }

  /** What efforts 0 and 1 find is kept, so that no effort is worse than they are. */
  run(effort: number): Hit {
    const quality = this.#findQuality();
    if (isTooLargeToSearch(this.#image, 0)) {
      for (const other of around(quality, NEIGHBOURS)) this.#keep(() => this.#encoder.encodeInOneRun(other));
    }
    if (isTooLargeToSearch(this.#image, effort) || this.#isOver()) return this.#best();
    const saved = this.#target.kind === "psnr" ? STEPS_SAVED : 0;
    const reached = this.#walk(Math.max(1, quality - saved));
    if (effort > 0 && !this.#isOver()) this.#walk(reached);
    if (effort > 1 && !this.#isOver()) this.#refine(effort);
    return this.#best();
  }

  /** The best of single runs, upright. */
  inSingleRuns(): Hit {
    let quality = this.#findQuality() + this.#towards;
    for (; !this.#meets(this.#best()) && isQuality(quality); quality += this.#towards)
      this.#keep(() => this.#encoder.encodeInOneRun(quality));
    return this.#best();
  }

  /** The quality at which one run is nearest to the target, by interpolation between the nearest runs so far. */
  #findQuality(): number {
    const { kind } = this.#target;
    const aim = this.#aim;
    let low: Point | undefined;
    let high: Point | undefined;
    let quality = FIRST_QUALITY;
    const hits: Hit[] = [];
    for (let runs = 0; runs < MAX_RUNS && !(hits.length > 0 && this.#isSpent()); runs++) {
      const hit = hitOf(this.#image, this.#encoder.encodeInOneRun(quality));
      hits.push(hit);
      const point = { quality, value: this.#value(hit) };
      if (point.value < aim) low = point;
      else high = point;
      const [from, to] = [low?.quality ?? 0, high?.quality ?? QUALITIES + 1];
      if (to - from <= 1) break;
      const step = low && high ? (high.value - low.value) / (high.quality - low.quality) : USUAL_STEP[kind];
      const base = (low ?? high)!;
      const next = base.quality + (aim - base.value) / Math.max(step, USUAL_STEP[kind] / 8);
      const before = quality;
      quality = Math.max(from + 1, Math.min(to - 1, Math.round(next)));
      if (Math.abs(quality - before) <= 1) break; // the rest is for the walk
    }
    this.#hits.push(...this.#contenders(hits));
    return quality;
  }

  /** Takes each analysis to the target, and the best one farther. Returns the best file's quality. */
  #walk(quality: number): number {
    const trials = this.#encoder.trialsAt(quality);
    const paths = trials.map((trial) => ({ analysis: trial.analysis, hits: this.#walkFrom(trial) }));
    const best = this.#best();
    const { analysis, hits } = paths.find((path) => path.hits.includes(best)) ?? paths[0]!;
    const tried = new Set(hits.map((hit) => hit.quality));
    const attempt = (other: number): void => {
      if (tried.has(other)) return;
      this.#keep(() => this.#encoder.write(this.#encoder.trialOf(analysis, other)));
    };
    for (const other of around(best.quality, NEIGHBOURS)) attempt(other);
    // nothing has met the target yet: the quality that does is farther away than it looked
    for (let other = best.quality + this.#towards; isQuality(other); other += this.#towards) {
      if (this.#hits.some((hit) => this.#meets(hit)) || this.#isOver()) break;
      attempt(other);
    }
    return this.#best().quality;
  }

  /**
   * The files of a trial's analysis, from the trial's quality to the target and a little past it. Those that may be the
   * best are kept.
   */
  #walkFrom(trial: Trial): Hit[] {
    const first = this.#hitOf(trial);
    const tried = new Map([[first, trial]]);
    const firstMeets = this.#meets(first);
    const by = firstMeets ? -this.#towards : this.#towards;
    let past = 0;
    for (let steps = 1; steps <= MAX_STEPS && !this.#isOver(); steps++) {
      const quality = trial.quality + by * steps;
      if (!isQuality(quality)) break;
      const next = this.#encoder.trialOf(trial.analysis, quality);
      const hit = this.#hitOf(next);
      const isBeaten = this.#isNoSmaller(hit, [...tried.keys()]);
      const nextMeets = isBeaten || this.#meets(hit);
      if (!isBeaten) tried.set(hit, next);
      if (nextMeets !== firstMeets && ++past === STEPS_PAST) break;
    }
    const hits = [...tried.keys()];
    for (const hit of this.#contenders(hits)) {
      this.#hits.push(hit);
      this.#trials.set(hit, tried.get(hit)!);
    }
    return hits;
  }

  /** Whether another file reaches the PSNR in no more bytes. Then this one need not be decoded. */
  #isNoSmaller({ file }: Hit, others: readonly Hit[]): boolean {
    if (this.#target.kind === "bytes") return false;
    const best = bestHit([...this.#hits, ...others], this.#target);
    return best !== undefined && this.#meets(best) && best.file.length <= file.length;
  }

  /** Refines by a loss that leads to the target, from the trial with the least loss so far. */
  #refine(effort: number): void {
    const outcome = ({ file, sse }: Hit): Outcome => ({ bits: 8 * file.length, sse });
    const loss = this.#lossNear(outcome(this.#best()));
    const [, trial] = [...this.#trials].reduce((a, b) =>
      loss.of(outcome(b[0])) < loss.of(outcome(a[0])) ? b : a,
    );
    this.#encoder.refined(trial, loss, effort, (found) => {
      if (this.#mayWin(found)) this.#hits.push(this.#hitOf(found, loss.lambdaAt(found)));
    });
  }

  /** One per cent of the bits is worth one per cent of the error, as it is along a picture's curve. */
  #lossNear({ bits, sse }: Outcome): Loss {
    const lambda = bits / (sse + 1);
    if (this.#target.kind === "psnr") {
      const wanted = this.#image.data.length * 255 ** 2 * 10 ** (-this.#target.decibels / 10);
      return towardsSse(Math.max(wanted, (sse + 1) / MAX_STRETCH), lambda);
    }
    return towardsBits(Math.max(8 * this.#target.maxBytes - OVERHEAD_BITS, bits / MAX_STRETCH), lambda);
  }

  /** Whether latents may give a better file than the best so far, so that it is worth writing. */
  #mayWin({ bits, sse }: Outcome): boolean {
    const best = this.#best();
    const psnr = decibels(sse, this.#image.data.length);
    if (!this.#meets(best)) return true;
    if (this.#target.kind === "psnr") return psnr >= this.#target.decibels && bits < 8 * best.file.length;
    return psnr > best.psnr && bits < 8 * this.#target.maxBytes;
  }

  #hitOf(trial: Trial, lambda?: number): Hit {
    return hitOf(this.#image, this.#encoder.write(trial, lambda));
  }

  /** Codes a file and remembers it, unless the budget is spent. */
  #keep(encode: () => Encoded): void {
    if (this.#isOver()) return;
    const hit = hitOf(this.#image, encode());
    if (!this.#isNoSmaller(hit, [])) this.#hits.push(hit);
  }

  /**
   * Of an analysis' files, those that may be the best. To a PSNR all of them; to bytes, those of the highest qualities
   * that fit, or the smallest if none fits.
   */
  #contenders(hits: readonly Hit[]): readonly Hit[] {
    if (this.#target.kind === "psnr") return hits;
    const meeting = hits.filter((hit) => this.#meets(hit)).toSorted((a, b) => b.quality - a.quality);
    if (meeting.length > 0) return meeting.slice(0, MAX_CONTENDERS);
    return hits.toSorted((a, b) => a.file.length - b.file.length).slice(0, 1);
  }

  /** Whether the budget is spent and there is a file. */
  #isOver(): boolean {
    return this.#hits.length > 0 && this.#isSpent();
  }

  #isSpent(): boolean {
    return this.#encoder.model.budget?.isSpent() === true;
  }

  #meets(hit: Hit): boolean {
    return meets(this.#target, hit);
  }

  /** The target on the scale of `#value`. */
  get #aim(): number {
    const target = this.#target;
    return target.kind === "psnr" ? target.decibels : Math.log(Math.max(1, target.maxBytes) + 0.5);
  }

  /** PSNR, or the logarithm of bytes: scales on which all steps of quality are about as large. */
  #value(hit: Hit): number {
    return this.#target.kind === "psnr" ? hit.psnr : Math.log(hit.file.length);
  }

  #best(): Hit {
    return bestHit(this.#hits, this.#target)!;
  }
}

interface Point {
  readonly quality: number;
  readonly value: number;
}

function hitOf({ data }: Image, encoded: Encoded): Hit {
  return {
    file: encoded.file,
    quality: encoded.quality,
    get psnr() {
      return decibels(encoded.sse, data.length);
    },
    get sse() {
      return encoded.sse;
    },
  };
}

function isQuality(value: number): boolean {
  return value >= 1 && value <= QUALITIES;
}

/** The qualities from `quality` − `by` to `quality` + `by`. */
function around(quality: number, by: number): number[] {
  const first = Math.max(1, quality - by);
  return Array.from({ length: Math.min(QUALITIES, quality + by) - first + 1 }, (_, i) => first + i);
}
