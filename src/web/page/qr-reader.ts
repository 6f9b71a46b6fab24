import { ZippyNetError } from "../../codec/errors.ts";
import { type Payload, readPayload } from "../../qr/payload.ts";
import type { Patience } from "../../qr/read-code.ts";

/** Pixels of the longer side at which a picture is looked at. */
const MOST = 800;

/** For a picture that may have no code at all, and for one frame of many. */
export const STILL: Patience = { effort: 4, timeLimit: 100 };
export const FRAME: Patience = { effort: 2, timeLimit: 50 };

/**
 * What the QR code in a picture holds; nothing, if it shows none. Throws `bad-file` if the code is not one of ours. The
 * reader is loaded when first used.
 */
export async function payloadIn(
  source: ImageBitmap | HTMLVideoElement,
  patience: Patience,
): Promise<Payload | undefined> {
  const { codeIn } = await import("../../qr/read-code.ts");
  const pixels = pixelsOf(source);
  if (!pixels) return undefined;
  await new Promise((resolve) => setTimeout(resolve)); // the page may do something else in between
  let bytes: Uint8Array;
  try {
    bytes = codeIn(pixels, patience);
  } catch (error) {
    if (error instanceof ZippyNetError) return undefined;
    throw error;
  }
  return readPayload(bytes);
}

function pixelsOf(source: ImageBitmap | HTMLVideoElement): ImageData | undefined {
  const [width, height] =
    source instanceof HTMLVideoElement
      ? [source.videoWidth, source.videoHeight]
      : [source.width, source.height];
  const by = Math.min(1, MOST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * by);
  canvas.height = Math.round(height * by);
  if (canvas.width === 0 || canvas.height === 0) return undefined;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
