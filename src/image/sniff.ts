import { ZippyNetError } from "../codec/errors.ts";

/**
 * The type of a file, from its first bytes and never from its name; `undefined` if it is unknown. Sources: the
 * specifications of the formats; ISO/IEC 14496-12 for `ftyp`, with the brands of AVIF, HEIF and MIAF.
 */
export function sniff(bytes: Uint8Array): string | undefined {
  for (const [mediaType, offset, signature] of SIGNATURES) {
    if (signature.every((byte, i) => bytes[offset + i] === byte)) return mediaType;
  }
  return (
    sniffBitmap(bytes) ?? sniffAnymap(bytes) ?? sniffRiff(bytes) ?? sniffIsoMedia(bytes) ?? sniffMarkup(bytes)
  );
}

const ascii = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));

const SIGNATURES: readonly (readonly [mediaType: string, offset: number, signature: readonly number[]])[] = [
  ["image/jpeg", 0, [0xff, 0xd8, 0xff]],
  ["image/png", 0, [0x89, ...ascii("PNG\r\n\x1a\n")]],
  ["image/gif", 0, ascii("GIF87a")],
  ["image/gif", 0, ascii("GIF89a")],
  ["image/tiff", 0, [...ascii("II*"), 0]],
  ["image/tiff", 0, [...ascii("MM"), 0, 0x2a]],
  ["image/tiff", 0, [...ascii("II+"), 0]],
  ["image/tiff", 0, [...ascii("MM"), 0, 0x2b]],
  ["image/jxl", 0, [0xff, 0x0a]],
  ["image/jxl", 4, [...ascii("JXL "), 0x0d, 0x0a, 0x87, 0x0a]],
  ["image/jp2", 4, [...ascii("jP  "), 0x0d, 0x0a, 0x87, 0x0a]],
  ["image/jp2", 0, [0xff, 0x4f, 0xff, 0x51]],
  ["image/jxr", 0, [...ascii("II"), 0xbc]],
  ["image/vnd.adobe.photoshop", 0, ascii("8BPS")],
  ["image/x-icon", 0, [0, 0, 1, 0]],
  ["image/icns", 0, ascii("icns")],
  ["image/qoi", 0, ascii("qoif")],
  ["image/x-exr", 0, [0x76, 0x2f, 0x31, 0x01]],
  ["image/vnd.radiance", 0, ascii("#?RADIANCE")],
  ["image/vnd.radiance", 0, ascii("#?RGBE")],
  ["image/vnd-ms.dds", 0, ascii("DDS ")],
  ["application/pdf", 0, ascii("%PDF-")],
  ["application/zip", 0, ascii("PK\x03\x04")],
  ["application/gzip", 0, [0x1f, 0x8b]],
];

/** The two letters of a bitmap could begin any text. So its two reserved 16-bit numbers after the size have to be 0. */
function sniffBitmap(bytes: Uint8Array): string | undefined {
  if (text(bytes, 0, 2) !== "BM") return undefined;
  return text(bytes, 6, 10) === "\0\0\0\0" ? "image/bmp" : undefined;
}

/** Netpbm: a letter and a digit, white space, then the width or a comment. */
function sniffAnymap(bytes: Uint8Array): string | undefined {
  return /^P[1-7]\s+[\d#W]/.test(text(bytes, 0, 8)) ? "image/x-portable-anymap" : undefined;
}

function sniffRiff(bytes: Uint8Array): string | undefined {
  if (text(bytes, 0, 4) !== "RIFF") return undefined;
  return text(bytes, 8, 12) === "WEBP" ? "image/webp" : "application/x-riff";
}

/** The brands of an ISO media file are in its first box: the major one, its version, then the compatible ones. */
function sniffIsoMedia(bytes: Uint8Array): string | undefined {
  if (text(bytes, 4, 8) !== "ftyp") return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = Math.min(view.getUint32(0), bytes.length, 256);
  const brands = [text(bytes, 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(text(bytes, at, at + 4));
  const has = (...names: string[]): boolean => names.some((name) => brands.includes(name));
  if (has("avif", "avis")) return "image/avif";
  if (has("heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs")) return "image/heic";
  if (has("mif1", "msf1")) return "image/heif";
  return "video/mp4";
}

/** SVG and HTML may start with a byte order mark, white space, an XML declaration, comments or a document type. */
function sniffMarkup(bytes: Uint8Array): string | undefined {
  const start = new TextDecoder().decode(bytes.subarray(0, 1024)).trimStart();
  if (!start.startsWith("<")) return undefined;
  if (/<svg[\s/>]/i.test(start)) return "image/svg+xml";
  return /^<(!doctype html|html)/i.test(start) ? "text/html" : "application/xml";
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/** The media types that are read. */
const READABLE = ["image/jpeg", "image/png", "image/webp", "image/avif", "image/gif", "image/tiff"] as const;

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
