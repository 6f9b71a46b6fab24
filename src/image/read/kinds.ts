import { ZippyNetError } from "../../codec/errors.ts";
import { sniff } from "../sniff.ts";

/** The media types that are read. */
export const READABLE = [
  "image/jpeg",
  "image/png",
  "image/webp",
  "image/avif",
  "image/gif",
  "image/tiff",
] as const;

export type ReadableType = (typeof READABLE)[number];

/** Kinds of files that are not read, and what to do with them. HEIF is not decided here, because it may hold AV1. */
const KNOWN: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  "image/svg+xml": ["image/svg+xml, a drawing", "render it to PNG first"],
  "image/bmp": ["image/bmp", "convert it to PNG first"],
  "image/x-icon": ["image/x-icon, a set of icons", "save one of them as PNG first"],
  "image/icns": ["image/icns, a set of icons", "save one of them as PNG first"],
  "image/vnd.adobe.photoshop": ["image/vnd.adobe.photoshop (PSD)", "save it as PNG or TIFF first"],
  "image/jxl": ["image/jxl (JPEG XL)", "convert it to PNG or JPEG first"],
  "image/jp2": ["image/jp2 (JPEG 2000)", "convert it to PNG or JPEG first"],
  "image/jxr": ["image/jxr (JPEG XR)", "convert it to PNG or JPEG first"],
  "image/jls": ["image/jls (JPEG-LS)", "convert it to PNG first"],
  "image/qoi": ["image/qoi", "convert it to PNG first"],
  "image/x-exr": ["image/x-exr (OpenEXR)", "convert it to PNG or TIFF first"],
  "image/vnd.radiance": ["image/vnd.radiance (HDR)", "convert it to PNG or TIFF first"],
  "image/vnd-ms.dds": ["image/vnd-ms.dds, a texture", "convert it to PNG first"],
  "image/x-portable-anymap": ["image/x-portable-anymap", "convert it to PNG first"],
  "application/pdf": ["application/pdf", "render its page to PNG first"],
  "video/mp4": ["video/mp4, a film", "save one of its frames as PNG or JPEG first"],
  "application/gzip": ["application/gzip", "unpack it first"],
  "application/zip": ["application/zip", "unpack it first"],
};

/** The type of a file from its content. Throws `bad-image` for files that are not read, and names them. */
export function readableType(bytes: Uint8Array): ReadableType {
  const mediaType = sniff(bytes);
  if (mediaType === "image/heic" || mediaType === "image/heif") return "image/avif";
  const readable = READABLE.find((type) => type === mediaType);
  if (readable) return readable;
  const list = READABLE.map((type) => type.slice("image/".length)).join(", ");
  const known = mediaType && KNOWN[mediaType];
  if (known)
    throw new ZippyNetError("bad-image", `expected an image of type ${list}, got ${known[0]}: ${known[1]}`);
  const came = bytes.length === 0 ? "0 bytes" : (mediaType ?? `unknown bytes (${firstBytes(bytes)})`);
  throw new ZippyNetError("bad-image", `expected an image of type ${list}, got ${came}`);
}

function firstBytes(bytes: Uint8Array): string {
  return `${Buffer.from(bytes.subarray(0, 8)).toString("hex")}${bytes.length > 8 ? "…" : ""}`;
}
