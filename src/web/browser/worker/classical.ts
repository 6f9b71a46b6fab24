import type { Picture } from "../../../api/picture.ts";
import { ZippyNetError } from "../../../codec/errors.ts";
import { assertVp8lEnds } from "../../../codec/format/vp8l.ts";
import { webpFile, withVp8lHeader } from "../../../codec/format/webp.ts";
import { type ClassicalFile, classicalImage, type ZnFile } from "../../../codec/format/zn-file.ts";
import { MAX_PIXELS } from "../../../codec/image.ts";
import { pixelsOn } from "../canvas.ts";

/**
 * The pixels of a classical frame. The browser decodes it, in its usual container. Throws `bad-file`, `too-large`,
 * `unavailable`.
 */
export async function decodeClassical(file: ClassicalFile): Promise<Picture> {
  if (file.kind === "vp8l") assertVp8lEnds(file.frame, file);
  const { mediaType, bytes } = classicalImage(file);
  return decodeFrame(bytes, mediaType, file);
}

/** Adds a file's alpha to a picture. The alpha is the green channel of a VP8L frame. */
export async function applyAlpha(
  picture: Picture,
  alpha: Uint8Array,
  { width, height }: ZnFile,
): Promise<Picture> {
  const payload = withVp8lHeader(alpha, width, height);
  assertVp8lEnds(payload, { width, height });
  const { data } = await decodeFrame(webpFile({ codec: "vp8l", payload }), "image/webp", { width, height });
  for (let i = 3; i < data.length; i += 4) picture.data[i] = data[i - 2]!;
  return picture;
}

async function decodeFrame(
  bytes: Uint8Array,
  type: string,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<Picture> {
  if (width * height > MAX_PIXELS) {
    throw new ZippyNetError(
      "too-large",
      `expected a picture of at most ${MAX_PIXELS} pixels, got ${width}×${height}`,
    );
  }
  if (typeof OffscreenCanvas === "undefined") {
    throw new ZippyNetError(
      "unavailable",
      "expected a browser with OffscreenCanvas, for frames of VP8 and AV1",
    );
  }
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>], { type });
  const bitmap = await createImageBitmap(blob, {
    premultiplyAlpha: "none",
    colorSpaceConversion: "none",
  }).catch((cause: unknown) => {
    const why = "its frame cannot be decoded, or not by this browser";
    throw new ZippyNetError("bad-file", `damaged .zn file: ${why} (${type})`, { cause });
  });
  if (bitmap.width !== width || bitmap.height !== height) {
    const found = `${bitmap.width}×${bitmap.height}`;
    throw new ZippyNetError("bad-file", `damaged .zn file: expected ${width}×${height}, got ${found}`);
  }
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return {
    width,
    height,
    data: pixelsOn(context, width, height).data as Uint8ClampedArray<ArrayBuffer>,
  };
}
