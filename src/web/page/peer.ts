import { joined } from "../../codec/format/bytes.ts";
import { pixelsOn } from "../browser/canvas.ts";
import { blobOf } from "../browser/picture.ts";
import { psnrOf } from "./measure.ts";

/** The other codecs: what a canvas may write beside PNG. */
export const PEERS = { "image/webp": "WebP", "image/jpeg": "JPEG" } as const;
export type Peer = keyof typeof PEERS;

/** A picture as the browser's encoder writes it. */
export interface PeerPicture {
  readonly bytes: number;
  readonly psnr: number;
  readonly picture: ImageData;
}

/** Steps into which the range of the browser's quality is divided. */
const STEPS = 100;

/** Whether this browser writes a format. */
export async function writes(peer: Peer): Promise<boolean> {
  return blobOf(new ImageData(8, 8), peer, 0.5).then(
    () => true,
    () => false,
  );
}

/** The best file of at most so many bytes; if there is none, the smallest. */
export async function peerWithin(original: ImageData, peer: Peer, bytes: number): Promise<PeerPicture> {
  let [low, high] = [0, STEPS];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((await written(original, peer, middle / STEPS)).size <= bytes) low = middle;
    else high = middle - 1;
  }
  return peerAt(original, peer, low / STEPS);
}

/** @param quality 0–1 */
export async function peerAt(original: ImageData, peer: Peer, quality: number): Promise<PeerPicture> {
  const blob = await written(original, peer, quality);
  const bitmap = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const picture = pixelsOn(context, canvas.width, canvas.height);
  return { bytes: blob.size, psnr: psnrOf(original, picture), picture };
}

async function written(original: ImageData, peer: Peer, quality: number): Promise<Blob> {
  const blob = await blobOf(original, peer, quality);
  return new Blob([bare(new Uint8Array(await blob.arrayBuffer()), peer)], { type: peer });
}

/**
 * Takes out the colour profile that browsers write: some 400 bytes that say sRGB, which readers assume anyway. With it
 * the comparison of small files would not be fair.
 */
export function bare(bytes: Uint8Array<ArrayBuffer>, type: string): Uint8Array<ArrayBuffer> {
  return type === "image/webp" ? bareWebp(bytes) : type === "image/jpeg" ? bareJpeg(bytes) : bytes;
}

/** WebP's simple file format: `RIFF`, size, `WEBP`, one frame. */
function bareWebp(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = String.fromCharCode(...bytes.subarray(at, at + 4));
    const length = view.getUint32(at + 4, true);
    const end = at + 8 + length + (length % 2);
    if (name === "VP8 " || name === "VP8L") {
      const frame = bytes.subarray(at, end);
      const file = new Uint8Array(12 + frame.length);
      file.set(bytes.subarray(0, 12));
      file.set(frame, 12);
      new DataView(file.buffer).setUint32(4, 4 + frame.length, true);
      return file;
    }
    at = end;
  }
  return bytes;
}

/** Takes out the segments APP1 to APP15. APP0 stays: it is the header of JFIF. */
function bareJpeg(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const kept: Uint8Array[] = [bytes.subarray(0, 2)];
  let at = 2;
  while (bytes[at] === 0xff && bytes[at + 1] !== 0xda && at + 4 <= bytes.length) {
    const end = at + 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
    const marker = bytes[at + 1]!;
    if (marker < 0xe1 || marker > 0xef) kept.push(bytes.subarray(at, end));
    at = end;
  }
  kept.push(bytes.subarray(at));
  return joined(...kept);
}
