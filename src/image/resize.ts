import sharp from "sharp";
import type { Image } from "../codec/image.ts";

/**
 * Scales with Lanczos3 so that the picture covers width × height, and crops what stands out evenly on both sides: how
 * small images are made for measurements. The same size comes back untouched; alpha does not come along.
 */
export async function resizeImage(image: Image, width: number, height: number): Promise<Image> {
  if (image.width === width && image.height === height) return image;
  const data = await sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .resize(width, height, { kernel: "lanczos3", fit: "cover" })
    .raw()
    .toBuffer();
  return { width, height, data: new Uint8Array(data) };
}
