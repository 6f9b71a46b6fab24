import { decodeImages, encodeImages, type Model } from "../codec/codec.ts";
import { ZippyNetError } from "../codec/errors.ts";
import type { Image } from "../codec/image.ts";
import { psnr } from "../image/psnr.ts";

/** What the size of a file is to follow from. */
export type Target =
  | { readonly kind: "quality"; readonly quality: number }
  /** The smallest file of at least so many dB. */
  | { readonly kind: "psnr"; readonly decibels: number }
  /** The best picture in at most so many bytes. */
  | { readonly kind: "bytes"; readonly maxBytes: number };

export interface Hit {
  readonly file: Uint8Array;
  readonly quality: number;
  readonly psnr: number;
}

/** Qualities beyond the one that the search ends at which are tried too: bytes and PSNR rise with quality, but not at each step. */
const NEIGHBOURS = 3;

/**
 * Searches the qualities for a target that is not one. Throws `bad-option` if none meets it, and names the least possible
 * bytes or the most possible dB.
 */
export function hitTarget(model: Model, image: Image, target: Exclude<Target, { kind: "quality" }>): Hit {
  const tried = new Map<number, Hit>();
  const at = (quality: number): Hit => {
    let hit = tried.get(quality);
    if (!hit) {
      const { file } = encodeImages(model, [image], quality)[0]!;
      hit = { file, quality, psnr: psnr(image, decodeImages(model, [file])[0]!) };
      tried.set(quality, hit);
    }
    return hit;
  };
  return target.kind === "bytes" ? bestWithin(at, target.maxBytes) : smallestOf(at, target.decibels);
}

function bestWithin(at: (quality: number) => Hit, maxBytes: number): Hit {
  const fits = (hit: Hit): boolean => hit.file.length <= maxBytes;
  const edge = firstFrom(1, 101, (quality) => !fits(at(quality)));
  const near = range(edge - NEIGHBOURS, edge + NEIGHBOURS).map(at);
  const fitting = near.filter(fits);
  if (fitting.length > 0) return best(fitting, (hit) => hit.psnr);
  const least = Math.min(...near.map(({ file }) => file.length));
  throw new ZippyNetError(
    "bad-option",
    `expected a file of at most ${maxBytes} bytes, the least possible is ${least}`,
  );
}

function smallestOf(at: (quality: number) => Hit, decibels: number): Hit {
  const reaches = (hit: Hit): boolean => hit.psnr >= decibels;
  const edge = firstFrom(1, 101, (quality) => reaches(at(quality)));
  const near = range(edge - NEIGHBOURS, edge + NEIGHBOURS).map(at);
  const reaching = near.filter(reaches);
  if (reaching.length > 0) return best(reaching, (hit) => -hit.file.length);
  const most = Math.max(...near.map((hit) => hit.psnr)).toFixed(2);
  throw new ZippyNetError("bad-option", `expected at least ${decibels} dB, the most possible is ${most}`);
}

/** The first of low, …, high − 1 that holds, else high; by halving, for what holds from somewhere on. */
function firstFrom(low: number, high: number, holds: (value: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Qualities from one to another, both included, within 1–100. */
function range(from: number, to: number): number[] {
  const first = Math.max(1, from);
  return Array.from({ length: Math.min(100, to) - first + 1 }, (_, i) => first + i);
}

function best<T>(items: readonly T[], score: (item: T) => number): T {
  return items.reduce((a, b) => (score(b) > score(a) ? b : a));
}
