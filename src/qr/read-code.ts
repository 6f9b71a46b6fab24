import decodeQR, { type DecodeOpts } from "qr/decode.js";
import { messageOf, ZippyNetError } from "../codec/errors.ts";

/** Pixels that may show a code. */
export interface Seen {
  readonly width: number;
  readonly height: number;
  /** 3 or 4 channels. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** How hard a code is looked for: retries, and the milliseconds they may take together; mirrored, as much again. */
export type Patience = Required<Pick<DecodeOpts, "effort" | "timeLimit">>;

/** For a file: a scan may be askew, faint and noisy. */
const PATIENT: Patience = { effort: 50, timeLimit: 5000 };

/**
 * The bytes of the QR code in a picture, which may show it mirrored: in a mirror, or from behind a window. Throws
 * `bad-image` if none is found.
 */
export function codeIn(seen: Seen, patience: Patience = PATIENT): Uint8Array {
  try {
    return decode(seen, patience);
  } catch (cause) {
    const stage = messageOf(cause);
    // the library names the stage of reading that failed; the first one looks for the marks in a code's corners
    const isFound = stage !== "finder";
    const other = isFound ? attempt(() => decode(mirrored(seen), patience)) : undefined;
    if (other) return other;
    const found = isFound ? `one that cannot be read (${stage})` : "none";
    throw new ZippyNetError(
      "bad-image",
      `expected a picture with one QR code, found ${found} in ${seen.width}×${seen.height} pixels`,
      { cause },
    );
  }
}

function decode({ width, height, data }: Seen, patience: Patience): Uint8Array {
  const format = data.length === width * height * 4 ? "RGBA" : "RGB";
  const text = decodeQR({ width, height, data }, { ...patience, format, textDecoder: latin1 });
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Undefined where it throws. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Upside down, as in a mirror that lies on the floor. The library reads codes turned in any way. */
function mirrored({ width, height, data }: Seen): Seen {
  const row = data.length / height;
  const flipped = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) flipped.set(data.subarray(y * row, (y + 1) * row), (height - 1 - y) * row);
  return { width, height, data: flipped };
}

/** A character a byte, so that bytes survive as the text that the library gives. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
