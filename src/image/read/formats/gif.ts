import type { Outline } from "../outline.ts";

/**
 * GIF89a: where the first frame stands. A screen that it does not fill is transparent around it, as browsers show it.
 */
export function outlineGif(bytes: Uint8Array): Outline {
  const frame = firstFrame(bytes);
  return { bytes, notes: [], ...(frame && { window: frame }) };
}

function firstFrame(bytes: Uint8Array): Outline["window"] {
  if (bytes.length < 13) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const colours = (packed: number): number => (packed & 0x80 ? 3 << ((packed & 7) + 1) : 0);
  let at = 13 + colours(view.getUint8(10));
  while (at + 10 <= bytes.length) {
    const kind = view.getUint8(at);
    if (kind === 0x2c) {
      const [x, y, width, height] = [1, 3, 5, 7].map((i) => view.getUint16(at + i, true)) as [
        number,
        number,
        number,
        number,
      ];
      return {
        // a screen too small for the frame grows, as in browsers
        width: Math.max(view.getUint16(6, true), x + width),
        height: Math.max(view.getUint16(8, true), y + height),
        frame: { x, y, width, height },
      };
    }
    if (kind !== 0x21) return undefined;
    at += 2;
    while (at < bytes.length && view.getUint8(at) > 0) at += 1 + view.getUint8(at);
    at++;
  }
  return undefined;
}
