import { describeValue, isDetached, typeOf, ZippyNetError } from "../codec/errors.ts";
import { fromInline } from "../codec/format/base64url.ts";

/** What is used of a Blob; named by its form, so that these types need no library of the DOM. */
export interface BlobLike {
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A `.zn` file: its bytes, or the text that `toInline` makes of them. */
export type Source = Uint8Array | ArrayBuffer | BlobLike | string;

/** Largest file that is taken, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * A copy, because the caller may use its memory for other things while the file waits for a thread. Throws `bad-file`
 * or `too-large`.
 */
export async function bytesOf(source: Source): Promise<Uint8Array> {
  if (!isBlob(source)) return bytesNow(source, "Uint8Array, ArrayBuffer, Blob or base64url text").slice();
  assertSize(source.size);
  const read = async (): Promise<ArrayBuffer> => source.arrayBuffer(); // what it throws is a rejection, too
  const buffer = await read().catch((cause: unknown) => {
    throw new ZippyNetError("bad-file", `expected a Blob that can be read: ${cause}`, { cause });
  });
  return bytesNow(buffer);
}

/** As `bytesOf`, without the copy, and not for Blobs, which have to be awaited. @param taken for the error */
export function bytesNow(
  source: Exclude<Source, BlobLike>,
  taken = "Uint8Array, ArrayBuffer or base64url text",
): Uint8Array {
  if (typeof source === "string") {
    assertSize(source.length);
    return fromInline(source);
  }
  const isView = ArrayBuffer.isView(source);
  if ((!isView && !isBuffer(source)) || isDetached(isView ? source.buffer : source)) {
    throw new ZippyNetError("bad-file", `expected a .zn file as ${taken}, got ${describeValue(source)}`);
  }
  const bytes = isView
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  assertSize(bytes.length);
  return bytes;
}

function assertSize(bytes: number): void {
  if (bytes > MAX_BYTES)
    throw new ZippyNetError("too-large", `expected a file of at most ${MAX_BYTES} bytes, got ${bytes}`);
}

function isBlob(source: Source): source is BlobLike {
  return typeof (source as Partial<BlobLike> | null)?.arrayBuffer === "function";
}

/** Whether it is an ArrayBuffer, also one of another realm. */
function isBuffer(source: unknown): source is ArrayBuffer {
  return typeOf(source) === "ArrayBuffer";
}
