/** What went wrong, for programs. Messages are for people and say what was expected and what came. */
export type ErrorCode =
  | "bad-file" // the bytes are not a .zn file, or a damaged one
  | "unknown-model" // the file or the caller names a model that is not here
  | "bad-model" // a model folder is incomplete, altered or not provably exact
  | "bad-image" // pixels or an image file that cannot be encoded
  | "bad-signature" // a signature that is missing or does not fit
  | "bad-option" // an option out of its range
  | "unavailable" // the network, a thread, WebAssembly or the package sharp cannot be had
  | "archived" // an upload in an archive class of S3, which has to be restored first
  | "too-large"; // over a limit that protects the process

/** The only error class of the codec and of what is built on it. */
export class ZippyNetError extends Error {
  override readonly name = "ZippyNetError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether an error is one that an option, a file or a folder can cause. Others are faults of the program. */
export function isOfInput(error: unknown): error is Error {
  return (
    error instanceof RangeError ||
    error instanceof ZippyNetError ||
    (error instanceof Error && "syscall" in error)
  );
}

/** What something that was thrown says. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

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
  const article = what === "effort" ? "an " : what.endsWith("s") ? "" : "a ";
  throw badOption(`expected ${article}${what} of ${boundsOf(least, most)}`, value);
}

/** The error of an option that is not what was expected. @param hint is added at the end */
export function badOption(expected: string, got: unknown, hint = ""): ZippyNetError {
  return new ZippyNetError("bad-option", `${expected}, got ${describeValue(got)}${hint}`);
}

/** `Uint8Array` of a Node Buffer too, and of arrays from another realm, which `instanceof` does not know. */
export function typeOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** A value in a message: text in quotes, other things by their type or as they print. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (ArrayBuffer.isView(value) && isDetached(value.buffer)) return `a detached ${typeOf(value)}`;
  if (typeOf(value) === "ArrayBuffer" && isDetached(value as ArrayBuffer)) return "a detached ArrayBuffer";
  return typeof value === "object" && value !== null ? typeOf(value) : String(value);
}

/** Whether the bytes of a buffer were handed over to another thread. */
export function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    return new Uint8Array(buffer).length < 0;
  } catch {
    return true; // Node 20 has no `detached`
  }
}
