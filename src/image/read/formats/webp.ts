import { assertParts, damaged, END_MISSING, type Outline, startOfZeros } from "../outline.ts";

interface Chunk {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/**
 * WebP (RFC 9649): a file whose end is missing is closed again if its picture, or the first frame of its animation, is
 * whole.
 */
export function outlineWebp(bytes: Uint8Array): Outline {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks = chunksOf(bytes, view);
  if (bytes.length < 20) return { bytes, notes: [] };
  const picture = chunks.find(({ type }) => ["VP8 ", "VP8L", "ANMF"].includes(type));
  const length = Math.min(bytes.length, 8 + view.getUint32(4, true));
  const zeros = startOfZeros(bytes, length);
  const filled = picture !== undefined && Math.min(picture.end, length) - zeros >= ZEROS;
  const there = filled ? zeros : bytes.length;
  if (picture && picture.end > there) {
    const [has, needs] = [Math.max(0, there - picture.start), picture.end - picture.start];
    throw damaged("image/webp", `it ends too soon, ${has} of the ${needs} bytes of its picture are there`);
  }
  if (8 + view.getUint32(4, true) <= bytes.length) return { bytes, notes: [] };
  if (!picture) throw damaged("image/webp", "it ends before its picture");
  const whole = chunks.filter(({ end }) => end <= bytes.length);
  return { bytes: closed(bytes, whole), notes: [END_MISSING] };
}

/**
 * So many zeros at the end of a picture are no data: they fill up a file that was cut, and libwebp would take them for
 * pixels. Encoders end with fewer than 6, flat pictures included.
 */
const ZEROS = 32;

function chunksOf(bytes: Uint8Array, view: DataView): Chunk[] {
  const chunks: Chunk[] = [];
  const end = bytes.length < 8 ? 0 : Math.min(bytes.length, 8 + view.getUint32(4, true));
  for (let at = 12; at + 8 <= end; ) {
    assertParts(chunks.length);
    const type = String.fromCharCode(...bytes.subarray(at, at + 4));
    if (type === "\0\0\0\0") break;
    const length = view.getUint32(at + 4, true);
    chunks.push({ type, start: at + 8, end: at + 8 + length });
    at += 8 + length + (length % 2);
  }
  return chunks;
}

function closed(bytes: Uint8Array, chunks: readonly Chunk[]): Uint8Array {
  const parts = chunks.map(({ start, end }) => {
    const length = end - start;
    const chunk = Buffer.alloc(8 + length + (length % 2));
    chunk.set(bytes.subarray(start - 8, end));
    return chunk;
  });
  const file = Buffer.concat([bytes.subarray(0, 12), ...parts]);
  file.writeUInt32LE(file.length - 8, 4);
  const [first] = chunks;
  if (first?.type === "VP8X") {
    // EXIF and XMP are at the end. If they are missing and their flags stay set, the file is not valid
    const has = (type: string): boolean => chunks.some((chunk) => chunk.type === type);
    file[20]! &= ~((has("EXIF") ? 0 : 8) | (has("XMP ") ? 0 : 4));
  }
  return file;
}
