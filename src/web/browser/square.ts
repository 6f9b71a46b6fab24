import { ZippyNetError } from "../../codec/errors.ts";

/** Where a square lies in a picture, as shares of its own size: 0–1. The middle, as large as it can be, unless told. */
export interface Crop {
  readonly x: number;
  readonly y: number;
  /** Share of the shorter side. */
  readonly size: number;
}

const WHOLE: Crop = { x: 0.5, y: 0.5, size: 1 };

/**
 * A picture file as the browser reads it, upright, cut to a square and scaled. A photograph of a camera is scaled down while it is
 * decoded, off the page's thread. Throws `bad-image` for what the browser cannot read.
 * @param side pixels of the result
 */
export async function square(file: Blob, side: number, crop: Crop = WHOLE): Promise<ImageData> {
  const bitmap = await readable(file);
  try {
    return squareOf(bitmap, side, crop);
  } finally {
    bitmap.close();
  }
}

/** A picture file as the browser reads it. Throws `bad-image`. */
export async function readable(file: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch (cause) {
    const came = `${file.size} bytes of ${file.type || "an unknown type"}`;
    throw new ZippyNetError("bad-image", `expected a picture that this browser reads, got ${came}`, {
      cause,
    });
  }
}

/** Halves until the last step is less than a half: a canvas that scales by more leaves pixels out. */
export function squareOf(bitmap: ImageBitmap, side: number, crop: Crop = WHOLE): ImageData {
  const from = Math.max(1, Math.round(Math.min(bitmap.width, bitmap.height) * crop.size));
  const [left, top] = [(bitmap.width - from) * crop.x, (bitmap.height - from) * crop.y];
  let size = halvedTo(from, side);
  let canvas = drawn(size, (context) => context.drawImage(bitmap, left, top, from, from, 0, 0, size, size));
  while (size !== side) {
    const next = halvedTo(size, side, true);
    const source = canvas;
    canvas = drawn(next, (context) => context.drawImage(source, 0, 0, next, next));
    size = next;
  }
  return canvas.getContext("2d")!.getImageData(0, 0, side, side);
}

function halvedTo(from: number, to: number, step = false): number {
  const half = Math.ceil(from / 2);
  if (from > 2048 && !step) return Math.max(to, 2048); // no canvas of a whole photograph
  return half > to ? half : to;
}

function drawn(side: number, draw: (context: CanvasRenderingContext2D) => void): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff"; // transparency is laid on white
  context.fillRect(0, 0, side, side);
  draw(context);
  return canvas;
}
