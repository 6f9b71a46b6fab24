import { assertWithin, badOption, isWhole, ZippyNetError } from "./errors.ts";

/** The aim of an encoding. */
export type Target =
  | { readonly kind: "quality"; readonly quality: number }
  /** The smallest file of at least so many dB. */
  | { readonly kind: "psnr"; readonly decibels: number }
  /** The best picture in at most so many bytes. */
  | { readonly kind: "bytes"; readonly maxBytes: number };

/** A target that has to be searched for: it does not name the quality. */
export type SearchedTarget = Exclude<Target, { readonly kind: "quality" }>;

/** Quality runs from 1 to this. */
export const QUALITIES = 100;

/** Efforts are 0 to this; see `rdo/refine.ts`. */
export const MAX_EFFORT = 9;

/** The default quality: a face of 42×42 pixels in about 120 bytes. */
export const DEFAULT_QUALITY = 50;

/** Where the search for a target begins. Models are compared there, so that its run of the networks is made already. */
export const FIRST_QUALITY = 50;

/** The options that a target is made of; only one may be given. */
export interface TargetOptions {
  /** 1–100. */
  readonly quality?: number | undefined;
  /** Decibels. */
  readonly psnr?: number | undefined;
  readonly maxBytes?: number | undefined;
}

/**
 * The target of options of the library, the command line or an upload; the standard quality without any. Throws
 * `bad-option` for more than one.
 * @param names what these options are called there
 */
export function targetOf(
  { quality, psnr, maxBytes }: TargetOptions,
  standard: number = DEFAULT_QUALITY,
  names: Readonly<Record<keyof TargetOptions, string>> = TARGET_NAMES,
): Target {
  const given = Object.entries({ quality, psnr, maxBytes }).flatMap(([name, value]) =>
    value === undefined ? [] : [names[name as keyof TargetOptions]],
  );
  if (given.length > 1) {
    const wanted = `expected one of ${Object.values(names).join(", ")}`;
    throw new ZippyNetError("bad-option", `${wanted}, got ${given.join(" and ")}`);
  }
  if (psnr !== undefined) return { kind: "psnr", decibels: psnr };
  if (maxBytes !== undefined) return { kind: "bytes", maxBytes };
  return { kind: "quality", quality: quality === undefined ? standard : quality };
}

const TARGET_NAMES = { quality: "quality", psnr: "psnr", maxBytes: "maxBytes" } as const;

/** Throws `bad-option` unless a target is one: a quality of 1–100, decibels above 0, or 1 byte or more. */
export function assertTarget(target: Target): void {
  if (target.kind === "quality") assertWithin("quality", target.quality, 1, QUALITIES);
  else if (target.kind === "psnr") {
    // infinity is legal: a picture without loss
    if (typeof target.decibels !== "number" || !(target.decibels > 0))
      throw badOption("expected a PSNR of more than 0 dB", target.decibels);
  } else if (!isWhole(target.maxBytes, 1))
    throw badOption("expected a whole number of 1 or more as the most bytes", target.maxBytes);
}

/** A file, and how good its picture is. */
export interface Hit {
  readonly file: Uint8Array<ArrayBuffer>;
  readonly quality: number;
  /** The picture is decoded when one of these two is first asked for. */
  readonly psnr: number;
  /** Sum of squared errors; opacity counts where the image has any. */
  readonly sse: number;
}

/** The best that meets the target, else the nearest to it. */
export function bestHit(hits: readonly Hit[], target: SearchedTarget): Hit | undefined {
  const meeting = hits.filter((hit) => meets(target, hit));
  const smallestFirst = (target.kind === "psnr") === meeting.length > 0;
  const better = (a: Hit, b: Hit): number => {
    const bytes = a.file.length - b.file.length;
    return smallestFirst ? bytes || b.psnr - a.psnr : b.psnr - a.psnr || bytes;
  };
  return (meeting.length > 0 ? meeting : hits).toSorted(better)[0];
}

export function meets(target: SearchedTarget, hit: Hit): boolean {
  return target.kind === "psnr" ? hit.psnr >= target.decibels : hit.file.length <= target.maxBytes;
}

/** @param possible the least bytes, or the most dB, that a file of the picture has */
export function unmet(target: SearchedTarget, possible: number): ZippyNetError {
  const message =
    target.kind === "bytes"
      ? `expected a file of at most ${target.maxBytes} bytes, the least possible is ${possible}`
      : `expected at least ${target.decibels} dB, the most possible is ${possible.toFixed(2)}`;
  return new ZippyNetError("bad-option", message);
}
