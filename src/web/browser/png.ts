import type { Picture } from "../../api/picture.ts";

/** The eight bytes that every PNG begins with; then bit depth 8 and colour type 6, which is RGBA. */
const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const RGBA8 = 0x08_06;

/**
 * Pixels → a PNG of exactly these pixels (https://www.w3.org/TR/png-3/). A canvas would not do: browsers that protect
 * against fingerprinting change the pixels that are read from it, it loses the colours of transparent pixels, and
 * Chromium writes its files only when idle.
 */
export async function pngOf({ width, height, data }: Picture): Promise<Blob> {
  const stride = width * 4;
  const rows = new Uint8Array(height * (1 + stride)); // each row begins with the number of its filter: 0, none
  for (let y = 0; y < height; y++)
    rows.set(data.subarray(y * stride, (y + 1) * stride), y * (1 + stride) + 1);
  const deflated = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const header = new DataView(new ArrayBuffer(13)); // the last three bytes stay 0: deflate, no interlacing
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint16(8, RGBA8);
  const parts = [
    chunk("IHDR", new Uint8Array(header.buffer)),
    chunk("IDAT", new Uint8Array(await new Response(deflated).arrayBuffer())),
    chunk("IEND", new Uint8Array()),
  ];
  return new Blob([SIGNATURE, ...parts], { type: "image/png" });
}

function chunk(type: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(content, 8);
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(4, -4)));
  return bytes;
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Table of the CRC with its bits reversed, as in PNG, annex D. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
