import { type Encoded, encodeImages, encodePlainly, type Model } from "./codec.ts";
import { ZippyNetError } from "./errors.ts";
import type { Image } from "./image.ts";
import { decibels } from "./psnr.ts";
import { isTooLargeToSearch } from "./search/refine.ts";

/** What the size of a file is to follow from. */
export type Target =
  | { readonly kind: "quality"; readonly quality: number }
  /** The smallest file of at least so many dB. */
  | { readonly kind: "psnr"; readonly decibels: number }
  /** The best picture in at most so many bytes. */
  | { readonly kind: "bytes"; readonly maxBytes: number };

/** A file, and what became of the picture. */
export interface Hit {
  readonly file: Uint8Array;
  readonly quality: number;
  readonly psnr: number;
  /** Sum of squared errors; opacity counts where the image has any. */
  readonly squares: number;
}

/**
 * Qualities around the one that the search ends at which are tried too: bytes and PSNR rise with quality, but not at each
 * step. An effort takes its time for each, so it tries fewer than one pass does.
 */
const NEIGHBOURS = { plain: 3, searching: 1 } as const;
/** An effort needs a lower quality for the same PSNR, by at most about this. */
const EFFORT_SAVES = 12;

/**
 * Encodes an image to a target. Throws `bad-image`, or `bad-option` if nothing meets the target; it names the least possible
 * bytes or the most possible dB.
 * @param effort 0–9
 */
export function encodeTo(model: Model, image: Image, target: Target, effort = 0): Hit {
  const memo = (encode: (quality: number) => Encoded): ((quality: number) => Hit) => {
    const tried = new Map<number, Hit>();
    return (quality) => {
      const hit = tried.get(quality) ?? hitOf(image, encode(quality));
      tried.set(quality, hit);
      return hit;
    };
  };
  const searching = memo((quality) => encodeImages(model, [image], quality, effort)[0]!);
  if (target.kind === "quality") return searching(target.quality);
  const meets = (hit: Hit): boolean =>
    target.kind === "psnr" ? hit.psnr >= target.decibels : hit.file.length <= target.maxBytes;
  const plain = memo((quality) => encodePlainly(model, image, quality));
  let edge = edgeOf(target, plain, meets, 1, 101);
  let near = around(edge, NEIGHBOURS.plain).map(plain);
  if (!isTooLargeToSearch(image, effort)) {
    const [low, high] = [Math.max(1, edge - EFFORT_SAVES), Math.min(101, edge + NEIGHBOURS.plain)];
    edge = edgeOf(target, searching, meets, low, high);
    // what one pass found stays in the running: no effort is worse than none
    near = [...near, ...around(edge, NEIGHBOURS.searching).map(searching)];
  }
  const meeting = near.filter(meets);
  if (meeting.length === 0) throw unmet(target, near);
  return target.kind === "psnr"
    ? best(
        meeting,
        (hit) => -hit.file.length,
        (hit) => hit.psnr,
      )
    : best(
        meeting,
        (hit) => hit.psnr,
        (hit) => -hit.file.length,
      );
}

function hitOf({ data }: Image, { file, quality, squares }: Encoded): Hit {
  return { file, quality, psnr: decibels(squares, data.length), squares };
}

/** The first quality that reaches the dB, or that no longer fits the bytes. */
function edgeOf(
  { kind }: Target,
  at: (quality: number) => Hit,
  meets: (hit: Hit) => boolean,
  low: number,
  high: number,
): number {
  return firstFrom(low, high, (quality) => meets(at(quality)) === (kind === "psnr"));
}

function unmet(target: Exclude<Target, { kind: "quality" }>, near: readonly Hit[]): ZippyNetError {
  if (target.kind === "bytes") {
    const least = Math.min(...near.map(({ file }) => file.length));
    const wanted = `expected a file of at most ${target.maxBytes} bytes`;
    return new ZippyNetError("bad-option", `${wanted}, the least possible is ${least}`);
  }
  const most = Math.max(...near.map((hit) => hit.psnr)).toFixed(2);
  const wanted = `expected at least ${target.decibels} dB`;
  return new ZippyNetError("bad-option", `${wanted}, the most possible is ${most}`);
}

/** The first of low, …, high − 1 that holds, else high; by halving, for what holds from somewhere on. */
function firstFrom(low: number, high: number, holds: (value: number) => boolean): number {
  let [from, to] = [low, high];
  while (from < to) {
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
