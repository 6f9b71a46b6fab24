import { ZippyNetError } from "./errors.ts";

/*
 * Whole numbers that users give: options of the library, the command line and the service. All are checked here, so
 * that all are refused alike.
 */

/** Whether a value is a whole number of `least` to `most`, both included. */
export function isWhole(
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** The whole number that decimal digits spell; undefined if there is anything but digits, or it is out of bounds. */
export function parseWhole(text: string, least: number, most?: number): number | undefined {
  const number = Number(text);
  return /^\d{1,16}$/.test(text) && isWhole(number, least, most) ? number : undefined;
}

/** Bounds for messages: "1–100", or "1 or more". */
export function boundsOf(least: number, most: number = Number.MAX_SAFE_INTEGER): string {
  return most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least}–${most}`;
}

/** Throws `bad-option` unless an option is a whole number within bounds. */
export function assertWithin(what: string, value: number, least: number, most: number): void {
  if (isWhole(value, least, most)) return;
  throw badOption(`expected ${what === "effort" ? "an" : "a"} ${what} of ${boundsOf(least, most)}`, value);
}

/** That an option is not what was expected. */
export function badOption(expected: string, got: unknown): ZippyNetError {
  return new ZippyNetError("bad-option", `${expected}, got ${typeof got === "string" ? `"${got}"` : got}`);
}
