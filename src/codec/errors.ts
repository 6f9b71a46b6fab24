/** What went wrong, for programs. Messages are for people and say what was expected and what came. */
export type ErrorCode =
  | "bad-file" // the bytes are not a .zn file, or a damaged one
  | "unknown-model" // the file or the caller names a model that is not here
  | "bad-model" // a model folder is incomplete, altered or not provably exact
  | "bad-image" // pixels or an image file that cannot be encoded
  | "bad-signature" // a signature that is missing or does not fit
  | "bad-option" // an option out of its range
  | "unavailable" // the network, a worker or WebAssembly cannot be had
  | "archived" // an upload in an archive class of S3, which has to be restored first
  | "too-large"; // over a limit that protects the process

/** The one error class of the codec and of what is built on it. */
export class ZippyNetError extends Error {
  override readonly name = "ZippyNetError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
