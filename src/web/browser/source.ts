import { ZippyNetError } from "../../codec/errors.ts";
import { fromInline } from "../../codec/format/base64url.ts";

/** A `.zn` file: its bytes, or the text that `toInline` makes of them. */
export type Source = Uint8Array | ArrayBuffer | Blob | string;

/** Largest file that is taken, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Throws `bad-file` or `too-large`. */
export async function bytesOf(source: Source): Promise<Uint8Array> {
  const size =
    typeof source === "string" ? source.length : "size" in source ? source.size : source.byteLength;
  if (size > MAX_BYTES) {
    throw new ZippyNetError("too-large", `expected a file of at most ${MAX_BYTES} bytes, got ${size}`);
  }
  if (typeof source === "string") return fromInline(source);
  if (source instanceof Uint8Array) return source;
  return new Uint8Array(source instanceof ArrayBuffer ? source : await source.arrayBuffer());
}
