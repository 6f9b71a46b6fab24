import { assertParts, damaged, END_MISSING, type Outline } from "../outline.ts";

/**
 * GIF89a: the place of the first frame. The screen around it is transparent, as in browsers. A file whose end is
 * missing is closed behind its first frame, if all pixels of that are there.
 */
export function outlineGif(bytes: Uint8Array): Outline {
  if (bytes.length < 13) return { bytes, notes: [] };
  const { first, frames, ended } = blocksOf(bytes);
  const { window } = first ?? {};
  if (ended) return { bytes, notes: [], ...(window && { window }) };
  if (!first) throw damaged("image/gif", "it ends before its pixels");
  return {
    ...closed(bytes, first),
    window: first.window,
    ...(frames > 1 && { frames }),
    notes: [END_MISSING],
  };
}

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;

interface Frame {
  readonly window: NonNullable<Outline["window"]>;
  readonly interlaced: boolean;
  /** The offset of the code size, which the blocks of coded data follow. */
  readonly data: number;
}

/** Reads all blocks, because their number is limited. */
function blocksOf(bytes: Uint8Array): {
  readonly first?: Frame;
  readonly frames: number;
  /** Whether the file goes on behind its last whole block. */
  readonly ended: boolean;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const colours = (packed: number): number => (packed & 0x80 ? 3 << ((packed & 7) + 1) : 0);
  let first: Frame | undefined;
  let frames = 0;
  const result = (ended: boolean) => ({ frames, ended, ...(first && { first }) });
  let at = 13 + colours(view.getUint8(10));
  for (let count = 0; at < bytes.length; count++) {
    assertParts(count);
    const kind = view.getUint8(at);
    if (kind === TRAILER) return result(true);
    // as in browsers, any other byte ends a file that has a frame
    if (kind !== IMAGE && kind !== EXTENSION) return result(!first);
    if (kind === IMAGE) {
      if (at + 11 > bytes.length) return result(false);
      const packed = view.getUint8(at + 9);
      const data = at + 10 + colours(packed);
      first ??= { window: windowAt(view, at), interlaced: (packed & 0x40) !== 0, data };
      frames++;
      at = data + 1;
    } else at += 2;
    while (at < bytes.length && bytes[at]! > 0) at += 1 + bytes[at]!;
    at++;
  }
  return result(false);
}

function windowAt(view: DataView, at: number): Frame["window"] {
  const number = (offset: number): number => view.getUint16(offset, true);
  const [x, y, width, height] = [number(at + 1), number(at + 3), number(at + 5), number(at + 7)];
  return {
    // a screen too small for the frame grows, as in browsers
    width: Math.max(number(6), x + width),
    height: Math.max(number(8), y + height),
    frame: { x, y, width, height },
  };
}

/** The file up to its first frame. Throws `bad-image` if that lacks pixels. */
function closed(bytes: Uint8Array, { window: { frame }, interlaced, data }: Frame): Pick<Outline, "bytes"> {
  const codes: Uint8Array[] = [];
  let at = data + 1;
  for (; at < bytes.length && bytes[at]! > 0; at += 1 + bytes[at]!)
    codes.push(bytes.subarray(at + 1, at + 1 + bytes[at]!));
  const there = pixelsIn(Buffer.concat(codes), bytes[data] ?? 0);
  const all = frame.width * frame.height;
  if (there < all) {
    const part = interlaced
      ? `${Math.floor((100 * there) / all)} % of its pixels are there`
      : `${Math.floor(there / frame.width)} of its ${frame.height} rows are there`;
    throw damaged("image/gif", `it ends too soon, ${part}`);
  }
  const blocks = codes.flatMap((code) => [Uint8Array.of(code.length), code]);
  return { bytes: Buffer.concat([bytes.subarray(0, data + 1), ...blocks, Uint8Array.of(0, TRAILER)]) };
}

/** Counts pixels without decoding them: each code of LZW stands for a run whose length is known (appendix F). */
function pixelsIn(codes: Uint8Array, codeSize: number): number {
  const clear = 1 << codeSize;
  const lengths = new Uint16Array(4096).fill(1);
  let [pixels, held, count, at] = [0, 0, 0, 0];
  let [width, next, before] = [codeSize + 1, clear + 2, -1];
  for (;;) {
    for (; count < width; count += 8, at++) {
      if (at >= codes.length) return pixels;
      held |= codes[at]! << count;
    }
    const code = held & ((1 << width) - 1);
    held >>>= width;
    count -= width;
    if (code === clear + 1 || (code > next && code !== clear) || codeSize > 11) return pixels;
    if (code === clear) {
      [width, next, before] = [codeSize + 1, clear + 2, -1];
      continue;
    }
    const length = code < next ? lengths[code]! : lengths[before]! + 1;
    pixels += length;
    if (before >= 0 && next < 4096) {
      lengths[next++] = lengths[before]! + 1;
      if (next === 1 << width && width < 12) width++;
    }
    before = code;
  }
}
