import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { messageOf, ZippyNetError } from "../../codec/errors.ts";
import { sniff } from "../../image/sniff.ts";

/** The most codings of one upload. Each one may unpack to a thousand times as many bytes. */
const MOST = 2;

const CODINGS: Readonly<Record<string, (bytes: Uint8Array, options: Bound) => Promise<Uint8Array>>> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

interface Bound {
  readonly maxOutputLength: number;
}

/**
 * Undoes the `Content-Encoding` of an upload (RFC 9110). S3 stores it without checking, and some tools compress
 * everything that they upload. An image that is not compressed is returned unchanged, whatever the header says. Throws
 * `bad-image`, and `too-large` if the upload unpacks to more than `most` bytes.
 */
export async function withoutEncoding(
  bytes: Uint8Array,
  header: string | undefined,
  most: number,
): Promise<Uint8Array> {
  const names = (header ?? "").split(",").map((name) => name.trim().toLowerCase());
  const codings = names.filter((name) => !["", "identity", "aws-chunked"].includes(name)).reverse();
  const known = codings.every((name) => Object.hasOwn(CODINGS, name));
  if (codings.length === 0 || sniff(bytes)?.startsWith("image/")) return bytes;
  if (!known || codings.length > MOST) {
    const wanted = `expected a Content-Encoding of ${Object.keys(CODINGS).join(", ")}`;
    throw new ZippyNetError("bad-image", `${wanted}, got "${header}"`);
  }
  let open = bytes;
  for (const name of codings) open = await unpacked(open, name, most);
  return open;
}

async function unpacked(bytes: Uint8Array, name: string, most: number): Promise<Uint8Array> {
  try {
    return await CODINGS[name]!(bytes, { maxOutputLength: most });
  } catch (cause) {
    const tooLarge = (cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    if (tooLarge) {
      const wanted = `expected an upload of at most ${most} bytes`;
      throw new ZippyNetError("too-large", `${wanted}, got one of ${name} that unpacks to more`, { cause });
    }
    const why = messageOf(cause);
    throw new ZippyNetError(
      "bad-image",
      `expected an upload of ${name}, as its Content-Encoding says: ${why}`,
      {
        cause,
      },
    );
  }
}
