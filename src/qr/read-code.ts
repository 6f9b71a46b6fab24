import decodeQR, { type DecodeOpts } from "qr/decode.js";
import { messageOf, ZippyNetError } from "../codec/errors.ts";

/** Pixels that may show a code. */
export interface Seen {
  readonly width: number;
  readonly height: number;
  /** 3 or 4 channels. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** How hard a code is looked for: retries, and the milliseconds that they may take together. */
export type Patience = Required<Pick<DecodeOpts, "effort" | "timeLimit">>;

/** For a file: a scan may be askew, faint and noisy. */
const PATIENT: Patience = { effort: 50, timeLimit: 5000 };

/** The bytes of the QR code in a picture. Throws `bad-image` if none is found. */
export function codeIn({ width, height, data }: Seen, patience: Patience = PATIENT): Uint8Array {
  const format = data.length === width * height * 4 ? "RGBA" : "RGB";
  try {
    const text = decodeQR({ width, height, data }, { ...patience, format, textDecoder: latin1 });
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  } catch (cause) {
    const stage = messageOf(cause);
    // the library names the stage of reading that failed; the first one looks for the marks in a code's corners
    const found = stage === "finder" ? "none" : `one that cannot be read (${stage})`;
    throw new ZippyNetError(
      "bad-image",
      `expected a picture with one QR code, found ${found} in ${width}×${height} pixels`,
      { cause },
    );
  }
}

/** A character a byte, so that bytes survive as the text that the library gives. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
