import { type Encoded, encodeImage, ImageEncoder, type Way } from "./encode.ts";
import { assertWithin, ZippyNetError } from "./errors.ts";
import { assertImage, type Image } from "./image.ts";
import type { Model } from "./model.ts";
import { decibels } from "./rate-distortion.ts";
import { type Loss, type Outcome, towardsBits, towardsSse } from "./rdo/objective.ts";
import { isTooLargeToSearch } from "./rdo/refine.ts";
import { MAX_EFFORT, QUALITIES, type Target } from "./target.ts";

/** A file, and how good its picture is. */
export interface Hit {
  readonly file: Uint8Array;
  readonly quality: number;
  /** The picture is decoded when one of these two is first asked for. */
  readonly psnr: number;
  /** Sum of squared errors; opacity counts where the image has any. */
  readonly sse: number;
}

type Searched = Exclude<Target, { kind: "quality" }>;

/** By what a step of quality changes a file, about: a guess to begin with, in dB and in natural logarithms of bytes. */
const USUAL_STEP = { psnr: 0.11, bytes: 0.024 } as const;
/** Where the search begins, which is where models are compared. */
const BEGIN = 50;
/** Passes that look for the quality; the last steps are taken by the ways to code a picture, each its own. */
const LOOKS = 7;
/**
 * Bytes and PSNR rise with quality, but not at every step: a way goes on for so many steps, and the best one's
 * neighbours up to so far are tried as well.
 */
const STEPS = 5;
/** Steps that a way goes past the target: what misses by one step may meet by the next. */
const PAST = 2;
/** Files of a way that keep to a number of bytes, those of the most quality first, of which the best is looked for. */
const CONTENDERS = 2;
const NEIGHBOURS = 1;
/** Steps by which the ways need less quality than one pass, for the same PSNR. */
const CORRECTED = 2;
/** By what factor a refinement goes towards a target that is far away. */
const FARTHEST = 1.4;
/** Bits of a file beside the payload, with a byte to spare. */
const OVERHEAD = 48;

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
  return met(target, encodeNearWith(encoder, image, target, effort));
}

/** As `encodeToWith`, but where nothing meets the target it gives the nearest: the smallest file, or the best picture. */
export function encodeNearWith(encoder: ImageEncoder, image: Image, target: Searched, effort: number): Hit {
  const search = (wanted: Searched): Hit => new TargetSearch(encoder, image, wanted).upTo(effort);
  let nearest = search(target);
  if (target.kind === "psnr" || meets(target, nearest)) return nearest;
  // a search that aims lower than the least that another found may find less; people are told the least of all
  for (;;) {
    const lower = { kind: "bytes", maxBytes: nearest.file.length - 1 } as const;
    const hit = search(lower);
    if (!meets(lower, hit)) return nearest;
    nearest = hit;
  }
}

/**
 * A file to a target by single passes, for a picture that follows a slider: about a fifth of the work, and some tenths
 * of a decibel worse. Throws and trusts as `encodeToWith`.
 */
export function draftTo(encoder: ImageEncoder, image: Image, target: Target): Hit {
  if (target.kind === "quality") return hitOf(image, encoder.encodeInOnePass(target.quality));
  return met(target, new TargetSearch(encoder, image, target).inSinglePasses());
}

function met(target: Searched, hit: Hit): Hit {
  if (meets(target, hit)) return hit;
  throw unmet(target, hit);
}

/**
 * The search for bytes costs about as much as two files of a quality, that for PSNR as two or three. Passes of the
 * networks, which interpolate, find the quality. There the picture is analysed in each orientation, and with shares of
 * the error added; then only gains change, and each of these ways takes the last steps to the target by itself. Bytes
 * are known before anything is decoded, so that only what may be the best is decoded. Effort 1 does so again from where
 * that ended. From effort 2 on the best latents are refined, once and not for each quality, by a loss that leads to the
 * target: see `towardsSse`.
 */
class TargetSearch {
  readonly #encoder: ImageEncoder;
  readonly #image: Image;
  readonly #target: Searched;
  readonly #hits: Hit[] = [];
  /** Those that a refinement may begin with. */
  readonly #walked: { readonly hit: Hit; readonly way: Way }[] = [];

  constructor(encoder: ImageEncoder, image: Image, target: Searched) {
    this.#encoder = encoder;
    this.#image = image;
    this.#target = target;
  }

  /** What efforts 0 and 1 find stays a candidate, so that no effort is worse than they are. */
  upTo(effort: number): Hit {
    const quality = this.#look();
    if (isTooLargeToSearch(this.#image, 0)) {
      for (const other of around(quality, NEIGHBOURS)) this.#keep(() => this.#encoder.encodeInOnePass(other));
    }
    if (isTooLargeToSearch(this.#image, effort) || this.#isEnough()) return this.#best();
    const ahead = this.#target.kind === "psnr" ? CORRECTED : 0;
    const reached = this.#walk(Math.max(1, quality - ahead));
    if (effort > 0 && !this.#isEnough()) this.#walk(reached);
    if (effort > 1 && !this.#isEnough()) this.#refine(effort);
    return this.#best();
  }

  /** The best of single passes, upright. */
  inSinglePasses(): Hit {
    const by = this.#target.kind === "psnr" ? 1 : -1;
    let quality = this.#look() + by;
    for (; !this.#meets(this.#best()) && quality >= 1 && quality <= QUALITIES; quality += by)
      this.#keep(() => this.#encoder.encodeInOnePass(quality));
    return this.#best();
  }

  /** The quality at which one pass is nearest to the target. */
  #look(): number {
    const { kind } = this.#target;
    const goal = this.#goal;
    let [low, high]: [Point | undefined, Point | undefined] = [undefined, undefined];
    let quality = BEGIN;
    const hits: Hit[] = [];
    for (let looks = 0; looks < LOOKS && !(hits.length > 0 && this.#isSpent()); looks++) {
      const hit = hitOf(this.#image, this.#encoder.encodeInOnePass(quality));
      hits.push(hit);
      const point = { quality, value: this.#value(hit) };
      if (point.value < goal) low = point;
      else high = point;
      const [from, to] = [low?.quality ?? 0, high?.quality ?? QUALITIES + 1];
      if (to - from <= 1) break;
      const step = low && high ? (high.value - low.value) / (high.quality - low.quality) : USUAL_STEP[kind];
      const next =
        (low ?? high!).quality + (goal - (low ?? high!).value) / Math.max(step, USUAL_STEP[kind] / 8);
      const before = quality;
      quality = Math.max(from + 1, Math.min(to - 1, Math.round(next)));
      if (Math.abs(quality - before) <= 1) break; // the rest is for the ways
    }
    this.#hits.push(...this.#contenders(hits));
    return quality;
  }

  /** Each way to code the picture goes to the target; gives the quality of the best file. */
  #walk(quality: number): number {
    const ways = this.#encoder.waysAt(quality);
    const ends = ways.map((way) => {
      const first = hitOf(this.#image, way.encoded);
      const met = this.#meets(first);
      const by = met === (this.#target.kind === "psnr") ? -1 : 1;
      const hits = [first];
      let past = 0;
      for (let steps = 1; steps <= STEPS && !this.#isEnough(); steps++) {
        const next = quality + by * steps;
        if (next < 1 || next > QUALITIES) break;
        const hit = hitOf(this.#image, this.#encoder.encodeAs(way, next));
        const isBeaten = this.#isNoSmaller(hit, hits);
        const isMet = isBeaten || this.#meets(hit);
        if (!isBeaten) hits.push(hit);
        if (isMet !== met && ++past === PAST) break;
      }
      const contenders = this.#contenders(hits);
      this.#hits.push(...contenders);
      this.#walked.push(...contenders.map((hit) => ({ hit, way })));
      return { way, hits };
    });
    const best = this.#best();
    const { way, hits } = ends.find((end) => end.hits.includes(best)) ?? ends[0]!;
    const tried = new Set(hits.map((hit) => hit.quality));
    for (const other of around(best.quality, NEIGHBOURS)) {
      if (!tried.has(other)) this.#keep(() => this.#encoder.encodeAs(way, other));
    }
    // nothing has met the target yet: the quality that does is farther away than it looked
    const by = this.#target.kind === "psnr" ? 1 : -1;
    for (let other = best.quality + by; other >= 1 && other <= QUALITIES; other += by) {
      if (this.#hits.some((hit) => this.#meets(hit)) || this.#isEnough()) break;
      if (!tried.has(other)) this.#keep(() => this.#encoder.encodeAs(way, other));
    }
    return this.#best().quality;
  }

  /** Whether a PSNR is reached by a file no larger: then nobody asks what this one decodes to. */
  #isNoSmaller({ file }: Hit, ofWay: readonly Hit[]): boolean {
    if (this.#target.kind === "bytes") return false;
    const best = bestOf([...this.#hits, ...ofWay], this.#target);
    return best !== undefined && this.#meets(best) && best.file.length <= file.length;
  }

  /** Refines latents by a loss that leads to the target, from those that have the least of it. */
  #refine(effort: number): void {
    const outcome = ({ file, sse }: Hit): Outcome => ({ bits: 8 * file.length, sse });
    const loss = this.#lossNear(outcome(this.#best()));
    const start = this.#walked.reduce((a, b) => (loss.of(outcome(b.hit)) < loss.of(outcome(a.hit)) ? b : a));
    this.#encoder.refine(start.way, start.hit.quality, loss, effort, (trial, encode) => {
      if (this.#mayWin(trial)) this.#hits.push(hitOf(this.#image, encode()));
    });
  }

  /** One per cent of the bits is worth one per cent of the error, as it is along a picture's curve. */
  #lossNear({ bits, sse }: Outcome): Loss {
    const lambda = bits / (sse + 1);
    if (this.#target.kind === "psnr") {
      const wanted = this.#image.data.length * 255 ** 2 * 10 ** (-this.#target.decibels / 10);
      return towardsSse(Math.max(wanted, (sse + 1) / FARTHEST), lambda);
    }
    return towardsBits(Math.max(8 * this.#target.maxBytes - OVERHEAD, bits / FARTHEST), lambda);
  }

  /** Whether it is worth writing a file. */
  #mayWin({ bits, sse }: Outcome): boolean {
    const best = this.#best();
    const psnr = decibels(sse, this.#image.data.length);
    if (!this.#meets(best)) return true;
    if (this.#target.kind === "psnr") return psnr >= this.#target.decibels && bits < 8 * best.file.length;
    return psnr > best.psnr && bits < 8 * this.#target.maxBytes;
  }

  /** Remembers what was found; of a spent budget, nothing is looked for any more. */
  #keep(encode: () => Encoded): void {
    if (this.#isEnough()) return;
    const hit = hitOf(this.#image, encode());
    if (!this.#isNoSmaller(hit, [])) this.#hits.push(hit);
  }

  /** Of a way's files those that may be the best: all, or for bytes the few next to the limit, or the smallest. */
  #contenders(hits: readonly Hit[]): readonly Hit[] {
    if (this.#target.kind === "psnr") return hits;
    const meeting = hits.filter((hit) => this.#meets(hit)).toSorted((a, b) => b.quality - a.quality);
    if (meeting.length > 0) return meeting.slice(0, CONTENDERS);
    return hits.toSorted((a, b) => a.file.length - b.file.length).slice(0, 1);
  }

  #isEnough(): boolean {
    return this.#hits.length > 0 && this.#isSpent();
  }

  #isSpent(): boolean {
    return this.#encoder.model.budget?.isSpent() === true;
  }

  #meets(hit: Hit): boolean {
    return meets(this.#target, hit);
  }

  /** What is to be reached, on a scale on which steps of quality are about even. */
  get #goal(): number {
    const target = this.#target;
    return target.kind === "psnr" ? target.decibels : Math.log(Math.max(1, target.maxBytes) + 0.5);
  }

  #value(hit: Hit): number {
    return this.#target.kind === "psnr" ? hit.psnr : Math.log(hit.file.length);
  }

  #best(): Hit {
    return bestOf(this.#hits, this.#target)!;
  }
}

interface Point {
  readonly quality: number;
  readonly value: number;
}

/** The best that meets the target, else the nearest to it. */
function bestOf(hits: readonly Hit[], target: Searched): Hit | undefined {
  const meeting = hits.filter((hit) => meets(target, hit));
  const smallestFirst = (target.kind === "psnr") === meeting.length > 0;
  const better = (a: Hit, b: Hit): number => {
    const bytes = a.file.length - b.file.length;
    return smallestFirst ? bytes || b.psnr - a.psnr : b.psnr - a.psnr || bytes;
  };
  return (meeting.length > 0 ? meeting : hits).toSorted(better)[0];
}

function meets(target: Searched, hit: Hit): boolean {
  return target.kind === "psnr" ? hit.psnr >= target.decibels : hit.file.length <= target.maxBytes;
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

/** @param nearest what comes nearest to the target */
function unmet(target: Searched, nearest: Hit): ZippyNetError {
  if (target.kind === "bytes") {
    const wanted = `expected a file of at most ${target.maxBytes} bytes`;
    return new ZippyNetError("bad-option", `${wanted}, the least possible is ${nearest.file.length}`);
  }
  const wanted = `expected at least ${target.decibels} dB`;
  return new ZippyNetError("bad-option", `${wanted}, the most possible is ${nearest.psnr.toFixed(2)}`);
}

/** The qualities that are within so many of one. */
function around(quality: number, by: number): number[] {
  const first = Math.max(1, quality - by);
  return Array.from({ length: Math.min(QUALITIES, quality + by) - first + 1 }, (_, i) => first + i);
}
