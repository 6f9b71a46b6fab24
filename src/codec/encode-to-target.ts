import { type Encoded, encodeImage, ImageEncoder } from "./encode.ts";
import { ZippyNetError } from "./errors.ts";
import { assertImage, type Image } from "./image.ts";
import type { Model } from "./model.ts";
import { decibels } from "./rate-distortion.ts";
import { isTooLargeToSearch } from "./rdo/refine.ts";
import { MAX_EFFORT, type Target } from "./target.ts";
import { assertWithin } from "./validate.ts";

/** A file, and how good its picture is. */
export interface Hit {
  readonly file: Uint8Array;
  readonly quality: number;
  readonly psnr: number;
  /** Sum of squared errors; opacity counts where the image has any. */
  readonly sse: number;
}

/**
 * Bytes and PSNR rise with quality, but not at every step. So the neighbours of the quality that the search ends at are
 * tried too: this many on each side, fewer where each takes a search of its own.
 */
const NEIGHBOURS = { plain: 3, searching: 1 } as const;
/**
 * For the same PSNR or bytes, an effort needs another quality than the effort below it, by at most about this. The
 * first two choose the gain.
 */
const MOVES = { first: 12, next: 4 } as const;

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
  const near: Hit[] = [];
  const memo = (encode: (quality: number) => Encoded): ((quality: number) => Hit) => {
    const tried = new Map<number, Hit>();
    return (quality) => {
      const hit = tried.get(quality) ?? hitOf(image, encode(quality));
      if (model.budget && !tried.has(quality)) near.push(hit); // all that was paid for counts
      tried.set(quality, hit);
      return hit;
    };
  };
  const isEnough = (): boolean => near.length > 0 && model.budget?.isSpent() === true;
  const tryEach = (qualities: readonly number[], at: (quality: number) => Hit): void => {
    for (const quality of qualities) if (!isEnough()) near.push(at(quality));
  };
  if (target.kind === "quality") return hitOf(image, encodeImage(model, image, target.quality, effort));
  assertImage(image);
  assertWithin("effort", effort, 0, MAX_EFFORT);
  const encoder = new ImageEncoder(model, image);
  const plain = memo((quality) => encoder.encodeInOnePass(quality));
  let edge = edgeOf(target, plain, 1, 101, isEnough);
  tryEach(around(edge, NEIGHBOURS.plain), plain);
  // what lower efforts find stays a candidate, so that no effort is worse than a lower one
  for (let level = 0; level <= effort; level++) {
    if (isTooLargeToSearch(image, level) || isEnough()) continue;
    const searching = memo((quality) => encoder.encode(quality, level));
    const moves = level < 2 ? MOVES.first : MOVES.next;
    edge = edgeOf(target, searching, Math.max(1, edge - moves), Math.min(101, edge + moves), isEnough);
    tryEach(around(edge, level === 0 ? NEIGHBOURS.plain : NEIGHBOURS.searching), searching);
  }
  const meeting = near.filter((hit) => meets(target, hit));
  const smallestFirst = (target.kind === "psnr") === meeting.length > 0;
  const candidates = meeting.length > 0 ? meeting : near;
  return smallestFirst
    ? best(
        candidates,
        (hit) => -hit.file.length,
        (hit) => hit.psnr,
      )
    : best(
        candidates,
        (hit) => hit.psnr,
        (hit) => -hit.file.length,
      );
}

function meets(target: Exclude<Target, { kind: "quality" }>, { psnr, file }: Hit): boolean {
  return target.kind === "psnr" ? psnr >= target.decibels : file.length <= target.maxBytes;
}

function hitOf({ data }: Image, { file, quality, sse }: Encoded): Hit {
  return { file, quality, psnr: decibels(sse, data.length), sse };
}

/** The first quality that reaches the dB, or that no longer fits the bytes. */
function edgeOf(
  target: Exclude<Target, { kind: "quality" }>,
  at: (quality: number) => Hit,
  low: number,
  high: number,
  isEnough: () => boolean,
): number {
  const holds = (quality: number): boolean => meets(target, at(quality)) === (target.kind === "psnr");
  return firstFrom(low, high, holds, isEnough);
}

/** @param nearest what comes nearest to the target */
function unmet(target: Exclude<Target, { kind: "quality" }>, nearest: Hit): ZippyNetError {
  if (target.kind === "bytes") {
    const wanted = `expected a file of at most ${target.maxBytes} bytes`;
    return new ZippyNetError("bad-option", `${wanted}, the least possible is ${nearest.file.length}`);
  }
  const wanted = `expected at least ${target.decibels} dB`;
  return new ZippyNetError("bad-option", `${wanted}, the most possible is ${nearest.psnr.toFixed(2)}`);
}

/**
 * The first of low, …, high − 1 for which a condition holds, else high. By bisection: once it holds, it has to hold
 * from there on. It ends early, at the nearest so far, once it is enough.
 */
function firstFrom(
  low: number,
  high: number,
  holds: (value: number) => boolean,
  isEnough: () => boolean,
): number {
  let [from, to] = [low, high];
  while (from < to && !isEnough()) {
    const middle = (from + to) >> 1;
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** Qualities within so many of one, within 1–100. */
function around(quality: number, by: number): number[] {
  const first = Math.max(1, quality - by);
  return Array.from({ length: Math.min(100, quality + by) - first + 1 }, (_, i) => first + i);
}

/** The item of the highest score; of equals, that of the higher second one. */
function best<T>(items: readonly T[], score: (item: T) => number, second: (item: T) => number): T {
  return items.reduce((a, b) => ((score(b) - score(a) || second(b) - second(a)) > 0 ? b : a));
}
