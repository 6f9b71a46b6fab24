import type { Picture } from "../../api/picture.ts";
import { pngOf } from "./png.ts";

/** Puts a picture on a canvas, which takes its size. */
export function canvasOf(picture: ImageData, canvas: HTMLCanvasElement): HTMLCanvasElement {
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d")!.putImageData(picture, 0, 0);
  return canvas;
}

/** A picture as a file of a lossy format. @param quality 0–1 */
export function blobOf(picture: ImageData, type: string, quality: number): Promise<Blob> {
  const canvas = canvasOf(picture, document.createElement("canvas"));
  return new Promise((resolve, reject) => {
    const done = (blob: Blob | null): void =>
      blob?.type === type ? resolve(blob) : reject(new Error(`this browser does not write ${type}`));
    canvas.toBlob(done, type, quality);
  });
}

/**
 * An `<img>` of a picture, which can be saved, copied and dragged. Its blob is freed when the element is. If the page's
 * policy allows no blobs, it is a canvas.
 */
export async function elementOf(picture: Picture): Promise<HTMLImageElement | HTMLCanvasElement> {
  const img = new Image();
  img.alt = "";
  const url = URL.createObjectURL(await pngOf(picture));
  blobs.register(img, url);
  const loaded = await new Promise((done) => {
    img.onload = () => done(true);
    img.onerror = () => done(false);
    img.src = url;
  });
  if (loaded) return img;
  const { data, width, height } = picture;
  return canvasOf(new ImageData(data, width, height), document.createElement("canvas"));
}

/** Frees the URL of a picture once its element is garbage-collected. */
const blobs = new FinalizationRegistry<string>((url) => URL.revokeObjectURL(url));
