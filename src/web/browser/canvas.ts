import { ZippyNetError } from "../../codec/errors.ts";

/** Levels by which a pixel may differ from what was drawn: some browsers alter its lowest bit in private windows. */
const TOLERANCE = 2;

/** A colour that a browser gives by chance in none of all pixels of a test. */
const DRAWN = [200, 90, 30, 255] as const;
const SIDE = 8;

let isHonest = false;

/**
 * The pixels of a canvas. Browsers that protect against fingerprinting (Firefox with `privacy.resistFingerprinting`,
 * Tor Browser) give noise in their place until the reader allows the page to read canvases. Throws `unavailable` then.
 */
export function pixelsOn(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  width: number,
  height: number,
): ImageData {
  isHonest ||= givesWhatIsDrawn();
  if (!isHonest) {
    throw new ZippyNetError(
      "unavailable",
      "expected the pixels of a canvas, got noise: this browser hides them, to protect against fingerprinting. Allow " +
        "this page to read canvases (a sign in the address bar), and load it again",
    );
  }
  return context.getImageData(0, 0, width, height);
}

function givesWhatIsDrawn(): boolean {
  const canvas = globalThis.document?.createElement("canvas") ?? new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  context.fillStyle = `rgb(${DRAWN.slice(0, 3)})`;
  context.fillRect(0, 0, SIDE, SIDE);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  return data.every((value, i) => Math.abs(value - DRAWN[i % 4]!) <= TOLERANCE);
}
