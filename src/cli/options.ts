import { availableParallelism } from "node:os";
import { InvalidArgumentError } from "commander";
import { boundsOf, parseWhole } from "../codec/errors.ts";

/** A parser of whole numbers within bounds, for commander. */
export function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const number = parseWhole(text, low, high);
    if (number === undefined)
      throw new InvalidArgumentError(`expected a whole number of ${boundsOf(low, high)}.`);
    return number;
  };
}

/** A parser of numbers above 0. */
export function positive(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number) || number <= 0) {
    throw new InvalidArgumentError("expected a number above 0.");
  }
  return number;
}

/** A parser of lists such as `1,25,50`, of whole numbers within bounds. */
export function wholes(low: number, high: number): (text: string) => number[] {
  return (text) => text.split(",").map((part) => whole(low, high)(part.trim()));
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A parser of spans such as `90s`, `15m`, `1h`, `7d`, up to a year, into seconds. */
export function duration(text: string): number {
  const [, number, unit] = /^(\d{1,8})([smhd])$/.exec(text) ?? [];
  const seconds = Number(number) * SECONDS[unit as keyof typeof SECONDS];
  if (!(seconds > 0) || seconds > 365 * SECONDS.d) {
    throw new InvalidArgumentError("expected a time of 1s–365d, such as 90s, 15m, 1h or 7d.");
  }
  return seconds;
}

export const MAX_JOBS = 256;

/**
 * Files that take about as long as a thread's start, models and all; each effort takes longer, and a target tries some
 * ten.
 */
const STARTS_PAY = 256;
const EFFORT_GROWTH = 1.6;
const TRIES = 8;

/** Jobs unless told: as many as pay for their start. */
export function defaultJobs(inputs: number, { effort = 0, tries = false } = {}): number {
  const worth = Math.max(1, STARTS_PAY / EFFORT_GROWTH ** effort / (tries ? TRIES : 1));
  return Math.max(1, Math.min(availableParallelism(), Math.floor(inputs / worth)));
}
