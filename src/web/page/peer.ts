import { blobOf } from "../browser/picture.ts";
import { bare } from "./bare.ts";
import { psnrOf } from "./measure.ts";

/** What a canvas may write beside PNG. */
export const PEERS = { "image/webp": "WebP", "image/jpeg": "JPEG" } as const;
export type Peer = keyof typeof PEERS;

/** A picture as the browser's own encoder writes it. */
export interface PeerPicture {
  readonly bytes: number;
  readonly psnr: number;
  readonly picture: ImageData;
}

/** Steps of the browser's quality, 0–1, that are told apart. */
const STEPS = 100;

/** Whether this browser writes a format. */
export async function writes(peer: Peer): Promise<boolean> {
  return blobOf(new ImageData(8, 8), peer, 0.5).then(
    () => true,
    () => false,
  );
}

/** The best of at most so many bytes, or the smallest there is. */
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
  const picture = context.getImageData(0, 0, canvas.width, canvas.height);
  return { bytes: blob.size, psnr: psnrOf(original, picture), picture };
}

async function written(original: ImageData, peer: Peer, quality: number): Promise<Blob> {
  const blob = await blobOf(original, peer, quality);
  return new Blob([bare(new Uint8Array(await blob.arrayBuffer()), peer)], { type: peer });
}
