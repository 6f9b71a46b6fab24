import { assertParts, type Outline } from "../outline.ts";

/** GIF89a: the place of the first frame. The screen around it is transparent, as in browsers. */
export function outlineGif(bytes: Uint8Array): Outline {
  const window = firstFrame(bytes);
  return { bytes, notes: [], ...(window && { window }) };
}

const EXTENSION = 0x21;
const IMAGE = 0x2c;

/** Reads all blocks, because their number is limited. */
function firstFrame(bytes: Uint8Array): Outline["window"] {
  if (bytes.length < 13) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const colours = (packed: number): number => (packed & 0x80 ? 3 << ((packed & 7) + 1) : 0);
  let first: Outline["window"];
  let at = 13 + colours(view.getUint8(10));
  for (let count = 0; at + 10 <= bytes.length; count++) {
    assertParts(count);
    const kind = view.getUint8(at);
    if (kind !== IMAGE && kind !== EXTENSION) break;
    if (kind === IMAGE) first ??= windowAt(view, at);
    at += kind === IMAGE ? 11 + colours(view.getUint8(at + 9)) : 2;
    while (at < bytes.length && bytes[at]! > 0) at += 1 + bytes[at]!;
    at++;
  }
  return first;
}

function windowAt(view: DataView, at: number): Outline["window"] {
  const number = (offset: number): number => view.getUint16(offset, true);
  const [x, y, width, height] = [number(at + 1), number(at + 3), number(at + 5), number(at + 7)];
  return {
    // a screen too small for the frame grows, as in browsers
    width: Math.max(number(6), x + width),
    height: Math.max(number(8), y + height),
    frame: { x, y, width, height },
  };
}
