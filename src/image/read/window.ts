import type { Image } from "../../codec/image.ts";
import type { Window } from "./outline.ts";

/**
 * Puts the first frame of an animation on its canvas, which is transparent where the frame does not reach. `image` is
 * the frame alone, or the whole canvas as a decoder fills it.
 */
export function onCanvas(image: Image, { width, height, frame }: Window): Image {
  if (frame.width === width && frame.height === height) return image;
  const alone = image.width === frame.width && image.height === frame.height;
  if (!alone && (image.width !== width || image.height !== height)) return image;
  const [left, top] = alone ? [frame.x, frame.y] : [0, 0];
  const data = new Uint8Array(width * height * 3);
  const alpha = new Uint8Array(width * height);
  for (let y = 0; y < frame.height; y++) {
    const to = (frame.y + y) * width + frame.x;
    const from = (frame.y + y - top) * image.width + frame.x - left;
    data.set(image.data.subarray(3 * from, 3 * (from + frame.width)), 3 * to);
    if (image.alpha) alpha.set(image.alpha.subarray(from, from + frame.width), to);
    else alpha.fill(255, to, to + frame.width);
  }
  return { width, height, data, alpha };
}
