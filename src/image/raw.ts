import sharp, { type Sharp } from "sharp";
import type { Image } from "../codec/image.ts";

/** Pixels in the form that sharp takes, with alpha if there is any. */
export function rawPixels({ width, height, data, alpha }: Image): Sharp {
  if (!alpha) return sharp(data, { raw: { width, height, channels: 3 } });
  const samples = new Uint8Array(width * height * 4);
  for (let i = 0; i < alpha.length; i++) {
    for (let c = 0; c < 3; c++) samples[i * 4 + c] = data[i * 3 + c]!;
    samples[i * 4 + 3] = alpha[i]!;
  }
  return sharp(samples, { raw: { width, height, channels: 4 } });
}

/** An image from samples of sharp, which have three channels, or four with alpha. */
export function fromRaw(
  samples: Uint8Array,
  { width, height, channels }: { readonly width: number; readonly height: number; readonly channels: number },
): Image {
  if (channels === 3) return { width, height, data: new Uint8Array(samples) };
  const count = width * height;
  const [data, alpha] = [new Uint8Array(count * 3), new Uint8Array(count)];
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) data[i * 3 + c] = samples[i * 4 + c]!;
    alpha[i] = samples[i * 4 + 3]!;
  }
  return { width, height, data, alpha };
}
