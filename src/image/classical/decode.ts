import sharp from "sharp";
import { ZippyNetError } from "../../codec/errors.ts";
import { damagedZn } from "../../codec/format/bytes.ts";
import { assertVp8lEnds } from "../../codec/format/vp8l.ts";
import { webpFile, webpSize, withVp8lHeader } from "../../codec/format/webp.ts";
import { type ClassicalFile, classicalImage, type ZnFile } from "../../codec/format/zn-file.ts";
import { type Image, MAX_PIXELS } from "../../codec/image.ts";
import { fromRaw } from "../raw.ts";

/** Decodes a classical frame, without the alpha around it. Throws `bad-file` or `too-large`. */
export async function decodeClassical(file: ClassicalFile): Promise<Image> {
  const { kind, frame } = file;
  const hasAlpha = kind === "vp8l" && webpSize({ codec: kind, payload: frame }).alpha;
  const channels = hasAlpha ? 4 : 3;
  if (kind === "vp8l") assertVp8lEnds(frame, file);
  const samples = await decodeFrame(classicalImage(file).bytes, file, channels);
  return fromRaw(samples, { width: file.width, height: file.height, channels });
}

/** Decodes the alpha of a file: opacity, one byte a pixel. Throws as `decodeClassical`. */
export async function decodeAlpha(alpha: Uint8Array, { width, height }: ZnFile): Promise<Uint8Array> {
  const payload = withVp8lHeader(alpha, width, height);
  assertVp8lEnds(payload, { width, height });
  const samples = await decodeFrame(webpFile({ codec: "vp8l", payload }), { width, height }, 3);
  return Uint8Array.from({ length: width * height }, (_, i) => samples[i * 3 + 1]!);
}

async function decodeFrame(
  bytes: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  channels: 3 | 4,
): Promise<Uint8Array> {
  if (width * height > MAX_PIXELS) {
    throw new ZippyNetError(
      "too-large",
      `expected a picture of at most ${MAX_PIXELS} pixels, got ${width}×${height}`,
    );
  }
  const picture = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: "error" }).toColourspace("srgb");
  const { data, info } = await (channels === 3 ? picture.removeAlpha() : picture.ensureAlpha())
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw damagedZn("its frame cannot be decoded", { cause });
    });
  if (info.width !== width || info.height !== height || info.channels !== channels) {
    const found = `${info.width}×${info.height} of ${info.channels} channels`;
    throw damagedZn(`expected ${width}×${height}, got ${found}`);
  }
  return data;
}
