import { assertWithin, badOption, describeValue, typeOf, ZippyNetError } from "../codec/errors.ts";
import { LOOKS, type Look } from "../codec/network/architecture.ts";
import { assertTarget, MAX_EFFORT, type Target, targetOf } from "../codec/target.ts";
import type { Channels } from "./picture.ts";

/** What is used of an AbortSignal; named by its form, so that these types need no library of the DOM. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** How far something has come. */
export type Progress =
  /** Bytes of a model's weights that are there, of how many; `model` is its number. Only where they are fetched. */
  | {
      readonly stage: "weights";
      readonly model: number;
      readonly loaded: number;
      readonly total: number;
    }
  /** Of one picture that is encoded with an effort of 2 or more: what is done of the search, of how much. */
  | { readonly stage: "search"; readonly done: number; readonly total: number }
  /** Pictures that are done, of how many, whether or not they succeeded: of `encodeMany` and `decodeMany`. */
  | { readonly stage: "pictures"; readonly done: number; readonly total: number };

export interface CommonOptions {
  /** Ends the work; the promise then rejects with the signal's reason. */
  readonly signal?: Signal | undefined;
  /** Called as the work goes on. If it throws, the work ends, and the promise rejects with what it threw. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface EncodeOptions extends CommonOptions {
  /** A number, or names with commas between: the best of them. `auto`, the default, chooses among all that are free. */
  readonly model?: string | number | undefined;
  /** 1–100, 50 by default; or one of the next two. */
  readonly quality?: number | undefined;
  /** The smallest file of at least so many decibels. */
  readonly psnr?: number | undefined;
  /** The best picture in at most so many bytes. */
  readonly maxBytes?: number | undefined;
  /** 0–9: time to spend on a better file, 0 by default. Pictures of more than 65,536 pixels stay at 0. */
  readonly effort?: number | undefined;
  /**
   * Whether VP8, AV1 or VP8L may stand in where they are better than the models, and keep transparency. By default they
   * may, where there is sharp. In a browser and at the edge they never do, and transparency is laid on white.
   */
  readonly classical?: boolean | undefined;
  /**
   * The look that the search for a better file aims at, `faithful` by default. With an effort of 2 or more, `natural`
   * brings the picture of that look nearer to the original; the faithful picture of the same file is a little further
   * from it. `psnr` is then that of the natural picture. Models without that look search as usual.
   */
  readonly tune?: Look | undefined;
}

export interface DecodeOptions extends CommonOptions {
  /** 4, the default, gives RGBA as ImageData has it; 3 gives RGB. */
  readonly channels?: Channels | undefined;
  /**
   * `faithful`, the default, is as near to the original as the file allows. `natural` looks sharper and invents detail:
   * for people's eyes alone. Models without it decode faithfully; `listModels` says which have it.
   */
  readonly look?: Look | undefined;
}

export interface ManyOptions {
  /** Pictures that are worked on at a time, 1–64; by default as many as there are threads. */
  readonly concurrency?: number | undefined;
}

/** What an encoder is asked for, checked. */
export interface Wish {
  readonly model: string | number;
  readonly target: Target;
  /** 0–9. */
  readonly effort: number;
  readonly classical: boolean;
  readonly tune: Look;
}

const COMMON = ["signal", "onProgress"] as const;
const ENCODE = ["model", "quality", "psnr", "maxBytes", "effort", "classical", "tune", ...COMMON] as const;
const DECODE = ["channels", "look", ...COMMON] as const;
export const MANY = ["concurrency"] as const;

/** Throws `bad-option` for what is unknown, out of its range or excludes each other. */
export function encodeWish(options: EncodeOptions, more: readonly string[] = []): Wish {
  assertKnown(options, [...ENCODE, ...more]);
  assertCommon(options);
  const {
    quality,
    psnr,
    maxBytes,
    model = "auto",
    effort = 0,
    classical = true,
    tune = "faithful",
  } = options;
  const target = targetOf({ quality, psnr, maxBytes });
  assertTarget(target);
  assertWithin("effort", effort, 0, MAX_EFFORT);
  assertModel(model);
  if (typeof classical !== "boolean") throw badOption("expected classical as true or false", classical);
  assertLook("tune as", tune);
  return { model, target, effort, classical, tune };
}

/** Throws `bad-option` unless it is a model's name or number. */
export function assertModel(model: unknown): void {
  if (typeof model === "string" || Number.isInteger(model)) return;
  throw badOption("expected a model's name or number, or auto", model);
}

/** A folder, by its URL; named by its form, so that these types need no library of the DOM. */
export type Base = string | { readonly href: string };

/** Throws `bad-option` unless it is the URL of a folder. */
export function assertBase(base: unknown): void {
  if (typeof base === "string" || typeof (base as URL | null)?.href === "string") return;
  throw badOption("expected base as the URL of a folder", base);
}

/** Throws `bad-option` as `encodeWish`. */
export function decodeWish(
  options: DecodeOptions,
  more: readonly string[] = [],
): { readonly channels: Channels; readonly look: Look } {
  assertKnown(options, [...DECODE, ...more]);
  assertCommon(options);
  const { channels = 4, look = "faithful" } = options;
  if (channels !== 3 && channels !== 4) throw badOption("expected 3 or 4 channels", channels);
  assertLook("a look of", look);
  return { channels, look };
}

function assertLook(wanted: string, look: Look): void {
  if (!LOOKS.includes(look)) throw badOption(`expected ${wanted} ${LOOKS.join(" or ")}`, look);
}

/** Throws `bad-option` for an option that is none, with the name that may have been meant. */
export function assertKnown(options: object, known: readonly string[]): void {
  if (typeOf(options) !== "Object")
    throw new ZippyNetError("bad-option", `expected options as an object, got ${describeValue(options)}`);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = known.find((name) => distance(name.toLowerCase(), unknown.toLowerCase()) <= 2);
  const hint = near === undefined ? "" : `: did you mean "${near}"?`;
  throw new ZippyNetError("bad-option", `expected options ${known.join(", ")}, got "${unknown}"${hint}`);
}

function assertCommon({ signal, onProgress }: CommonOptions): void {
  const isSignal = [signal?.addEventListener, signal?.removeEventListener].every(isFunction);
  if (signal !== undefined && !isSignal) throw badOption("expected signal as an AbortSignal", signal);
  if (onProgress !== undefined) assertListener(onProgress);
}

const isFunction = (value: unknown): boolean => typeof value === "function";

/** Throws `bad-option` unless it is a function. */
export function assertListener(listener: unknown): void {
  if (!isFunction(listener)) throw badOption("expected onProgress as a function", listener);
}

/** Called with how far work has come. */
export type Listener = (progress: Progress) => void;

/**
 * Work that its caller can end: by a signal, or by a listener that throws. It rejects at once then, with the signal's
 * reason or with what was thrown.
 * @param work reports to the listener that it is given. That listener never throws, because messages of other threads
 * have no caller that could catch
 * @param abandon is called at such an end, to stop what is no longer waited for
 */
export async function abortable<T>(
  { signal, onProgress }: CommonOptions,
  work: (report: Listener | undefined) => Promise<T>,
  abandon?: () => void,
): Promise<T> {
  if (!signal && !onProgress) return work(undefined);
  if (signal?.aborted) throw signal.reason;
  let over = false;
  let reject: (reason: unknown) => void;
  const ended = new Promise<never>((_, rejects) => (reject = rejects));
  ended.catch(() => undefined); // the work may throw before both are raced
  const end = (reason: unknown): void => {
    over = true;
    reject(reason);
    abandon?.();
  };
  const stop = (): void => end(signal!.reason);
  const report: Listener = (progress) => {
    if (over) return;
    try {
      onProgress!(progress);
    } catch (error) {
      end(error);
    }
  };
  signal?.addEventListener("abort", stop);
  try {
    return await Promise.race([work(onProgress && report), ended]);
  } finally {
    over = true;
    signal?.removeEventListener("abort", stop);
  }
}

/** Letters to put in, take out or exchange (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, change));
    }
    row = next;
  }
  return row[b.length]!;
}
