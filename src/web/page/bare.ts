/**
 * What a canvas writes without the colour profile that browsers put in (some 400 bytes, of sRGB, which is assumed without one):
 * only so are small files compared fairly.
 */
export function bare(bytes: Uint8Array<ArrayBuffer>, type: string): Uint8Array<ArrayBuffer> {
  return type === "image/webp" ? bareWebp(bytes) : type === "image/jpeg" ? bareJpeg(bytes) : bytes;
}

/** The simple file format of WebP's container: RIFF, size, WEBP, one frame. */
function bareWebp(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = String.fromCharCode(...bytes.subarray(at, at + 4));
    const length = view.getUint32(at + 4, true);
    const end = at + 8 + length + (length % 2);
    if (name === "VP8 " || name === "VP8L") {
      const frame = bytes.subarray(at, end);
      const file = new Uint8Array(12 + frame.length);
      file.set(bytes.subarray(0, 12));
      file.set(frame, 12);
      new DataView(file.buffer).setUint32(4, 4 + frame.length, true);
      return file;
    }
    at = end;
  }
  return bytes;
}

/** Without segments APP1 to APP15; APP0 is JFIF's own. */
function bareJpeg(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const kept: Uint8Array[] = [bytes.subarray(0, 2)];
  let at = 2;
  while (bytes[at] === 0xff && bytes[at + 1] !== 0xda && at + 4 <= bytes.length) {
    const end = at + 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
    const marker = bytes[at + 1]!;
    if (marker < 0xe1 || marker > 0xef) kept.push(bytes.subarray(at, end));
    at = end;
  }
  kept.push(bytes.subarray(at));
  const file = new Uint8Array(kept.reduce((sum, { length }) => sum + length, 0));
  let to = 0;
  for (const part of kept) {
    file.set(part, to);
    to += part.length;
  }
  return file;
}
