import { type ErrorCode, ZippyNetError } from "../codec/errors.ts";

/*
 * Who tries again after a failure. Each failure is handled at one level only, the one that can correct it:
 *
 * | what failed                         | who tries again                          | how often                     |
 * |-------------------------------------|------------------------------------------|-------------------------------|
 * | one request to S3 or SQS            | the SDK, within `PATIENCE`               | 3 attempts                    |
 * | a conditional write: the upload     | `encodeObject`, which reads both again   | `ROUNDS`                      |
 * | or its latents have changed         |                                          |                               |
 * | anything else that may succeed      | Lambda, because the encode function      | 2 more times, then it goes to |
 * | later                               | throws it; S3 Batch Operations, because  | the failures queue (`zippynet |
 * |                                     | the answer is a `TemporaryFailure`       | redrive`)                     |
 * | what is `isPermanent`               | nobody: it would fail in the same way    | reported once, in the queue   |
 * |                                     |                                          | of rejected uploads           |
 * | a request for a picture             | the client; the answer is never cached   |                               |
 * | a model or a setting did not load   | the next call (`once`)                   |                               |
 */

/**
 * Milliseconds that an AWS service may take to accept a connection, and to answer on it. Without these limits the SDK
 * waits for ever. Three attempts stay within the 20 s of the decode function.
 */
export const PATIENCE = { connectionTimeout: 2000, socketTimeout: 6000 };

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
