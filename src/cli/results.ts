import { type ErrorCode, messageOf, ZippyNetError } from "../codec/errors.ts";
import type { Kind } from "../codec/format/zn-file.ts";

/** An input that failed, and why. */
export interface Failure {
  readonly in: string;
  readonly error: { readonly code: ErrorCode | "input-output" | "internal"; readonly message: string };
}

/** An input that is done. */
export interface Done {
  readonly in: string;
  readonly out: string;
  readonly width: number;
  readonly height: number;
  readonly kind: Kind;
  /** Only for latents. */
  readonly model?: number;
  readonly quality?: number | undefined;
  /** Only after encoding. */
  readonly effort?: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** PSNR of the decoded picture in dB; undefined without loss. */
  readonly psnr?: number;
  /** What was changed in the input, or left out. */
  readonly notes?: readonly string[];
}

export type Result = Done | Failure;

/** Is called with results as they come. */
export type OnResults = (results: readonly Result[]) => void;

export function isFailure(result: object): result is Failure {
  return "error" in result;
}

/** Separates failures from the others. */
export function partition<T extends object>(
  results: readonly (T | Failure)[],
): { done: T[]; failures: Failure[] } {
  return {
    done: results.filter((result): result is T => !isFailure(result)),
    failures: results.filter(isFailure),
  };
}

/**
 * A name or a text of others for a terminal, which control characters would command, and in which a line break would
 * forge a line: all of these as `\\x1b` or `\\u202e`, those of the direction of writing too.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}

/** The line that reports a failure. */
export function failureLine({ in: path, error }: Failure): string {
  return `zippynet: ${printable(path)}: ${printable(error.message)}`;
}

/** Says so where the inputs that were named hold nothing for a command, such as an empty folder. */
export function warnIfNone(results: readonly unknown[], named: readonly string[]): void {
  if (results.length === 0) console.error(`zippynet: nothing to do in ${printable(named.join(", "))}`);
}

/** The result of an input whose processing threw an error. */
export function failure(path: string, error: unknown): Failure {
  if (error instanceof ZippyNetError) {
    return { in: path, error: { code: error.code, message: error.message } };
  }
  const system = error instanceof Error && "syscall" in error;
  const missing = system && "code" in error && error.code === "ENOENT";
  const message = messageOf(error);
  if (missing)
    return { in: path, error: { code: "input-output", message: "there is no such file or folder" } };
  return { in: path, error: { code: system ? "input-output" : "internal", message } };
}
