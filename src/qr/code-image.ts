import decodeQR from "qr/decode.js";
import sharp from "sharp";
import { ZippyNetError } from "../codec/errors.ts";
import { laidOnWhite } from "../codec/image.ts";
import { readImage } from "../image/read.ts";
import type { Modules } from "./code.ts";

/** A black and white PNG. @param scale pixels a module */
export async function pngOf(modules: Modules, scale: number): Promise<Uint8Array> {
  const side = modules.length;
  const pixels = Uint8Array.from(modules.flat(), (dark) => (dark ? 0 : 255));
  const png = sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
    .resize(side * scale, side * scale, { kernel: "nearest" })
    .png({ colours: 2, palette: true });
  return new Uint8Array(await png.toBuffer());
}

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
