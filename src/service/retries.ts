import { type ErrorCode, ZippyNetError } from "../codec/errors.ts";

/*
 * What may be tried again, and how often. Each failure is handled at one level only, the one that can correct it:
 * docs/architecture.md has the table.
 */

/**
 * Milliseconds that an AWS service may take to accept a connection, and to answer on it. Without these limits the SDK
 * waits for ever. Three attempts stay within the 20 s of the decode function.
 */
export const TIMEOUTS = { connectionTimeout: 2000, socketTimeout: 6000 };

/** How many times a key is read, encoded and written before `encodeObject` gives up because it keeps changing. */
export const ROUNDS = 8;

const PERMANENT: ReadonlySet<string> = new Set<ErrorCode>([
  "bad-image",
  "bad-option",
  "too-large",
  "archived",
]);

/** Whether the upload, or what it asks for, is the cause of an error, so that trying again cannot help. */
export function isPermanent(error: unknown): error is ZippyNetError {
  return error instanceof ZippyNetError && isPermanentCode(error.code);
}

export function isPermanentCode(code: string): boolean {
  return PERMANENT.has(code);
}
