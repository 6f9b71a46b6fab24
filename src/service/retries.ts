import { type ErrorCode, ZippyNetError } from "../codec/errors.ts";

/*
 * Who tries again, and why there. Each failure is met at the one level that can mend it:
 *
 * | what failed                       | who tries again                                | how often
 *             |
 * |-----------------------------------|------------------------------------------------|------------------------------------------|
 * | one request to S3 or SQS          | the SDK, within `PATIENCE`                     | 3 attempts
 *             |
 * | a conditional write: the upload   | `encodeObject`, which looks at both again      | `ROUNDS`
 *             |
 * | or its latents changed meanwhile  |                                                |
 *             |
 * | anything else that may pass       | Lambda, as the encode function throws it; S3   | 2 more times, then it is in
 * the queue of |
 * |                                   | Batch Operations, as a `TemporaryFailure`      | failures (`zippynet
 * redrive`)            |
 * | what is `isPermanent`             | nobody: the same upload fails alike each time  | told once, in a queue of its
 * own         |
 * | a request for a picture           | the client; the answer is never cached         |
 *             |
 * | a model or a setting not loaded   | whoever asks next (`once`)                     |
 *             |
 */

/**
 * Milliseconds that an AWS service may take to accept a connection, and to say something on it; without them the SDK
 * waits for ever. Three attempts stay within the 20 s of the decode function.
 */
export const PATIENCE = { connectionTimeout: 2000, socketTimeout: 6000 };

/** Rounds of looking, encoding and writing before a key that keeps changing is given up. */
export const ROUNDS = 8;

const PERMANENT: ReadonlySet<string> = new Set<ErrorCode>([
  "bad-image",
  "bad-option",
  "too-large",
  "archived",
]);

/** Whether an error lies in the upload or in what it asks for, so that no repetition mends it. */
export function isPermanent(error: unknown): error is ZippyNetError {
  return error instanceof ZippyNetError && isPermanentCode(error.code);
}

export function isPermanentCode(code: string): boolean {
  return PERMANENT.has(code);
}
