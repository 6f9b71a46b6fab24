import { type Encoded, encodeImage, ImageEncoder } from "./encode.ts";
import { assertWithin, ZippyNetError } from "./errors.ts";
import { assertImage, type Image } from "./image.ts";
import type { Model } from "./model.ts";
import { decibels } from "./rate-distortion.ts";
import { isTooLargeToSearch } from "./rdo/refine.ts";
import { MAX_EFFORT, QUALITIES, type Target } from "./target.ts";

/** A file, and how good its picture is. */
export interface Hit {
  readonly file: Uint8Array;
  readonly quality: number;
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
const NEIGHBOURS = 1;
/** Steps by which the ways need less quality than one pass, for the same PSNR. */
const CORRECTED = 2;
/** Qualities that a level of effort tries: each takes a search of its own. */
const SEARCHES = 3;
/** Qualities that it moves by at a time, at most. */
const MOST = 12;

/**
 * Encodes an image to a target. Throws `bad-image`, or `bad-option` if nothing meets the target; it names the least
 * possible bytes or the most possible dB.
 * @param effort 0–9
 */
export function encodeTo(model: Model, image: Image, target: Target, effort = 0): Hit {
  const hit = encodeNear(model, image, target, effort);
  if (target.kind === "quality" || meets(target, hit)) return hit;
  throw unmet(target, hit);
}

/**
 * As `encodeTo`, but where nothing meets the target it gives the nearest: the smallest file, or the best picture.
 * Throws `bad-image`.
 */
export function encodeNear(model: Model, image: Image, target: Target, effort = 0): Hit {
  if (target.kind === "quality") return hitOf(image, encodeImage(model, image, target.quality, effort));
  assertImage(image);
  assertWithin("effort", effort, 0, MAX_EFFORT);
  return new TargetSearch(new ImageEncoder(model, image), image, target).upTo(effort);
}

/**
 * As `encodeNear`, by an encoder that may have seen the picture already. Trusts its caller that all is within bounds.
 */
export function encodeNearWith(encoder: ImageEncoder, image: Image, target: Searched, effort: number): Hit {
  return new TargetSearch(encoder, image, target).upTo(effort);
}

/**
 * The search for a target costs about as much as two or three files of a quality. Passes of the networks, which
 * interpolate, find the quality. There the picture is analysed in each orientation, and with shares of the error added;
 * then only gains change, and each of these ways takes the last steps to the target by itself.
 */
class TargetSearch {
  readonly #encoder: ImageEncoder;
  readonly #image: Image;
  readonly #target: Searched;
  readonly #hits: Hit[] = [];

  constructor(encoder: ImageEncoder, image: Image, target: Searched) {
    this.#encoder = encoder;
    this.#image = image;
    this.#target = target;
  }

  /** What lower efforts find stays a candidate, so that no effort is worse than a lower one. */
  upTo(effort: number): Hit {
    let quality = this.#look();
    if (isTooLargeToSearch(this.#image, 0)) {
      for (const other of around(quality, NEIGHBOURS)) this.#keep(() => this.#encoder.encodeInOnePass(other));
      return this.#best();
    }
    if (!this.#isEnough()) {
      const ahead = this.#target.kind === "psnr" ? CORRECTED : 0;
      quality = this.#walk(Math.max(1, quality - ahead));
    }
    for (let level = 1; level <= effort; level++) {
      if (!isTooLargeToSearch(this.#image, level)) quality = this.#search(quality, level);
    }
    return this.#best();
  }

  /** The quality at which one pass is nearest to the target. */
  #look(): number {
    const { kind } = this.#target;
    const goal = this.#goal;
    let [low, high]: [Point | undefined, Point | undefined] = [undefined, undefined];
    let quality = BEGIN;
    for (let looks = 0; looks < LOOKS && !this.#isEnough(); looks++) {
      const hit = this.#keep(() => this.#encoder.encodeInOnePass(quality))!;
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
    return quality;
  }

  /** Each way to code the picture goes to the target; gives the quality of the best file. */
  #walk(quality: number): number {
    const ways = this.#encoder.waysAt(quality);
    const ends = ways.map((way) => {
      const first = hitOf(this.#image, way.encoded);
      this.#hits.push(first); // it is paid for
      const met = this.#meets(first);
      const by = met === (this.#target.kind === "psnr") ? -1 : 1;
      const hits = [first];
      let past = 0;
      for (let steps = 1; steps <= STEPS && !this.#isEnough(); steps++) {
        const next = quality + by * steps;
        if (next < 1 || next > QUALITIES) break;
        const hit = this.#keep(() => this.#encoder.encodeAs(way, next))!;
        hits.push(hit);
        if (this.#meets(hit) !== met && ++past === PAST) break;
      }
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

  /** An effort's files near a quality. Gives the quality that was asked for of the best. */
  #search(quality: number, effort: number): number {
    const tried = new Map<number, Hit>();
    let next = quality;
    while (tried.size < SEARCHES && !tried.has(next) && !this.#isEnough()) {
      const hit = this.#keep(() => this.#encoder.encode(next, effort))!;
      tried.set(next, hit);
      const steps = (this.#goal - this.#value(hit)) / USUAL_STEP[this.#target.kind];
      // towards the target; once there, one step back over the edge
      const move = Math.abs(steps) < 1 ? Math.sign(steps) : Math.trunc(steps);
      next = Math.max(1, Math.min(QUALITIES, next + Math.max(-MOST, Math.min(MOST, move))));
    }
    const entries = [...tried];
    const best = bestOf(
      entries.map(([, hit]) => hit),
      this.#target,
    );
    return entries.find(([, hit]) => hit === best)?.[0] ?? quality;
  }

  /** Remembers what was found; of a spent budget, nothing is looked for any more. */
  #keep(encode: () => Encoded): Hit | undefined {
    if (this.#isEnough()) return undefined;
    const hit = hitOf(this.#image, encode());
    this.#hits.push(hit);
    return hit;
  }

  #isEnough(): boolean {
    return this.#hits.length > 0 && this.#encoder.model.budget?.isSpent() === true;
  }

  #meets(hit: Hit): boolean {
    return meets(this.#target, hit);
  }

  /** What is to be reached, on a scale on which steps of quality are about even. */
  get #goal(): number {
    const target = this.#target;
    return target.kind === "psnr" ? target.decibels : Math.log(Math.max(1, target.maxBytes) + 0.5);
  }

  #value({ psnr, file }: Hit): number {
    return this.#target.kind === "psnr" ? psnr : Math.log(file.length);
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
    const [bytes, psnr] = [a.file.length - b.file.length, b.psnr - a.psnr];
    return smallestFirst ? bytes || psnr : psnr || bytes;
  };
  return (meeting.length > 0 ? meeting : hits).toSorted(better)[0];
}

function meets(target: Searched, { psnr, file }: Hit): boolean {
  return target.kind === "psnr" ? psnr >= target.decibels : file.length <= target.maxBytes;
}

function hitOf({ data }: Image, { file, quality, sse }: Encoded): Hit {
  return { file, quality, psnr: decibels(sse, data.length), sse };
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

/** Qualities within so many of one, within 1–100. */
function around(quality: number, by: number): number[] {
  const first = Math.max(1, quality - by);
  return Array.from({ length: Math.min(100, quality + by) - first + 1 }, (_, i) => first + i);
}
