import { ZippyNetError } from "../../src/codec/errors.ts";

/** What is fed with altered files. */
export interface Target {
  /** Whole files that are altered. */
  readonly seeds: readonly Uint8Array[];
  /** Throws if what comes of these bytes is neither a right result nor an error that was meant. */
  run(bytes: Uint8Array): Promise<void>;
}

/** Throws unless the error is one of ours, of a code that bad bytes may have. */
export function assertMeant(error: unknown, codes: readonly string[]): void {
  if (error instanceof ZippyNetError && codes.includes(error.code)) return;
  throw new Error(`expected a ZippyNetError of ${codes.join(" or ")}, got ${describe(error)}`, {
    cause: error,
  });
}

export function describe(error: unknown): string {
  if (error instanceof ZippyNetError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
