import { assertWithin, badOption, typeOf, ZippyNetError } from "../../codec/errors.ts";
import { pixelsOn } from "./canvas.ts";

/** A square in a picture. `x` and `y` are 0 at the left and top, 0.5 in the middle, 1 at the right and bottom. */
export interface Crop {
  readonly x: number;
  readonly y: number;
  /** Share of the shorter side. */
  readonly size: number;
}

const WHOLE: Crop = { x: 0.5, y: 0.5, size: 1 };

/** Pixels a side of the largest canvas. Some browsers have no canvas as large as a photograph. */
const MOST = 2048;

/**
 * A picture file as the browser reads it, upright, cut to a square and scaled; by default to the largest square in the
 * middle. Throws `bad-image` if the browser cannot read it, `unavailable` if it hides what it reads, `bad-option`.
 * @param side pixels of the result, 1–2048
 */
export async function square(file: Blob, side: number, crop: Crop = WHOLE): Promise<ImageData> {
  if (!["Blob", "File"].includes(typeOf(file))) throw badOption("expected a picture file as Blob", file);
  assertWithin("side", side, 1, MOST);
  const { x, y, size } = crop ?? {};
  if (![x, y, size].every((share) => share >= 0 && share <= 1))
    throw badOption("expected a crop as { x, y, size }, each of 0–1", crop);
  let bitmap = await readable(file);
  try {
    while (sizeOf(bitmap, crop) >= 2 * Math.max(MOST, side)) bitmap = await halfOf(bitmap);
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

/**
 * Scales a bitmap by a half, and frees it. It scales the whole bitmap and does not cut: Chromium cuts in the wrong
 * place if it has turned the picture upright.
 */
async function halfOf(bitmap: ImageBitmap): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(bitmap, {
      resizeWidth: Math.ceil(bitmap.width / 2),
      resizeHeight: Math.ceil(bitmap.height / 2),
      resizeQuality: "high",
    });
  } finally {
    bitmap.close();
  }
}

/**
 * Cuts a square of under 4096 pixels a side and scales it, by at most a half at a time. A canvas that scales by more
 * leaves pixels out, at least in Firefox.
 */
export function squareOf(bitmap: ImageBitmap, side: number, crop: Crop = WHOLE): ImageData {
  const from = sizeOf(bitmap, crop);
  const [left, top] = [(bitmap.width - from) * crop.x, (bitmap.height - from) * crop.y];
  let size = nextSize(from, side);
  let canvas = drawn(size, (context) => context.drawImage(bitmap, left, top, from, from, 0, 0, size, size));
  while (size !== side) {
    const next = nextSize(size, side);
    const source = canvas;
    canvas = drawn(next, (context) => context.drawImage(source, 0, 0, next, next));
    size = next;
  }
  return pixelsOn(canvas.getContext("2d")!, side, side);
}

/** Pixels a side of a crop. */
function sizeOf({ width, height }: ImageBitmap, crop: Crop): number {
  return Math.max(1, Math.round(Math.min(width, height) * crop.size));
}

/** The next size on the way down to another. */
function nextSize(from: number, to: number): number {
  return Math.max(to, from > MOST ? MOST : Math.ceil(from / 2));
}

function drawn(side: number, draw: (context: CanvasRenderingContext2D) => void): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff"; // transparency becomes white
  context.fillRect(0, 0, side, side);
  draw(context);
  return canvas;
}
