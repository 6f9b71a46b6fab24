import sharp from "sharp";
import { messageOf, ZippyNetError } from "../codec/errors.ts";
import { laidOnWhite } from "../codec/image.ts";
import { readImage } from "../image/read.ts";
import type { Modules } from "./code.ts";
import { codeIn } from "./read-code.ts";

/** A black and white PNG. @param scale pixels a module */
export async function pngOf(modules: Modules, scale: number): Promise<Uint8Array> {
  const side = modules.length;
  const pixels = Uint8Array.from(modules.flat(), (dark) => (dark ? 0 : 255));
  const png = sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
    .resize(side * scale, side * scale, { kernel: "nearest" })
    .png({ colours: 2, palette: true });
  return new Uint8Array(await png.toBuffer());
}

/** Pixels a side at which a drawing is looked at: five a module of the largest code. */
const DRAWN = 1024;

/**
 * The bytes of the QR code in an image file: a screenshot, a scan, a photograph, an SVG.
 * Throws `bad-image` if the file cannot be read or no code is found in it, `too-large`.
 */
export async function readCode(bytes: Uint8Array): Promise<Uint8Array> {
  const { image } = await readImage(isSvg(bytes) ? await drawn(bytes) : bytes);
  return codeIn(laidOnWhite(image));
}

/** There is one way only to match a text, so that the search takes no longer than the text: no `-->` in a comment. */
const SVG_START = /^\s*(?:(?:<\?xml[^>]*>|<!DOCTYPE[^>]*>|<!--(?:(?!-->).)*-->)\s*)*<svg[\s>]/s;

function isSvg(bytes: Uint8Array): boolean {
  return SVG_START.test(new TextDecoder().decode(bytes.subarray(0, 4096)));
}

/** An SVG as PNG. What it refers to is not fetched. */
async function drawn(svg: Uint8Array): Promise<Uint8Array> {
  try {
    let density = 72;
    for (; density < 2304; density *= 2) {
      const { width, height } = await sharp(svg, { density }).metadata(); // of millimetres it grows by squares
      if (Math.max(width, height) >= DRAWN) break;
    }
    const picture = sharp(svg, { density }).resize(DRAWN, DRAWN, { fit: "inside" });
    return new Uint8Array(await picture.png().toBuffer());
  } catch (cause) {
    const why = messageOf(cause);
    throw new ZippyNetError("bad-image", `expected an SVG that can be drawn: ${why}`, { cause });
  }
}
