import { ZippyNetError } from "./errors.ts";

/** Throws `bad-option` unless an option is a whole number within bounds. */
export function assertWithin(what: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw badOption(`expected ${what === "effort" ? "an" : "a"} ${what} of ${low}–${high}`, value);
}

/** That an option is not what was expected. */
export function badOption(expected: string, got: unknown): ZippyNetError {
  return new ZippyNetError("bad-option", `${expected}, got ${typeof got === "string" ? `"${got}"` : got}`);
}
