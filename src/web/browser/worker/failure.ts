import { type ErrorCode, ZippyNetError } from "../../../codec/errors.ts";
import type { Answer } from "../protocol.ts";

/** That a request failed: the class of an error is lost on its way out of a worker, so what it is made of is sent. */
export function failure(id: number, error: unknown): Answer {
  const code: ErrorCode = error instanceof ZippyNetError ? error.code : "unavailable";
  return { type: "failed", id, code, message: error instanceof Error ? error.message : String(error) };
}
