import { assertParts, damaged, END_MISSING, type Outline } from "../outline.ts";

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
  if (bytes.length < 20 || view.getUint32(4, true) + 8 <= bytes.length) return { bytes, notes: [] };
  const whole = chunks.filter(({ end }) => end <= bytes.length);
  const isPicture = ({ type }: Chunk): boolean => ["VP8 ", "VP8L", "ANMF"].includes(type);
  if (!whole.some(isPicture)) {
    const { start, end } = chunks.find(isPicture) ?? { start: 0, end: 0 };
    throw damaged(
      "image/webp",
      end > 0
        ? `it ends too soon, ${bytes.length - start} of the ${end - start} bytes of its picture are there`
        : "it ends before its picture",
    );
  }
  return { bytes: closed(bytes, whole), notes: [END_MISSING] };
}

function chunksOf(bytes: Uint8Array, view: DataView): Chunk[] {
  const chunks: Chunk[] = [];
  const end = bytes.length < 8 ? 0 : Math.min(bytes.length, 8 + view.getUint32(4, true));
  for (let at = 12; at + 8 <= end; ) {
    assertParts(chunks.length);
    const length = view.getUint32(at + 4, true);
    chunks.push({
      type: String.fromCharCode(...bytes.subarray(at, at + 4)),
      start: at + 8,
      end: at + 8 + length,
    });
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
