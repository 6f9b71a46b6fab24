import decodeQR from "qr/decode.js";
import { ZippyNetError } from "../codec/errors.ts";
import { laidOnWhite } from "../codec/image.ts";
import { readImage } from "../image/read.ts";

/** Retries of the reader, and the milliseconds that they may take together. */
const EFFORT = 50;
const TIME_LIMIT = 5000;

/**
 * The bytes of the QR code in an image file: a screenshot, a scan, a photograph.
 * Throws `bad-image` if the file cannot be read or no code is found in it, `too-large`.
 */
export async function readCode(bytes: Uint8Array): Promise<Uint8Array> {
  const { image } = await readImage(bytes);
  const { width, height, data } = laidOnWhite(image);
  try {
    const text = decodeQR(
      { width, height, data },
      { format: "RGB", effort: EFFORT, timeLimit: TIME_LIMIT, textDecoder: latin1 },
    );
    return new Uint8Array(Buffer.from(text, "latin1"));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ZippyNetError(
      "bad-image",
      `expected a picture with one QR code in ${width}×${height} pixels: ${why}`,
      {
        cause,
      },
    );
  }
}

/** A byte a character, so that bytes survive as the text that the library wants. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
