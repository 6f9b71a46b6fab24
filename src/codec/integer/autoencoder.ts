import type { Header } from "../format/latents-file.ts";
import type { Image } from "../image.ts";
import type { Decoder, Model } from "../model.ts";
import { latentSize, QUALITIES } from "../network/architecture.ts";
import { LATENT_UNIT } from "../network/prior.ts";
import { BLOCK_CHANNELS, blockSize, fromBlocks, IMAGE_UNIT, toBlocks } from "../network/space-to-depth.ts";
import { analysis, synthesis } from "../network/transforms.ts";
import { FEATURE_LIMIT, FEATURE_UNIT } from "./fixed-point.ts";

/** Size, quality and colour of a picture to be. */
export type PictureHeader = Pick<Header, "width" | "height" | "quality" | "grey">;

/** `y` of an image before gain, [rows, columns, latentChannels]. */
export function analyse({ architecture, analysis: layers }: Model, image: Image): Float32Array {
  const size = { ...blockSize(image.width, image.height), channels: BLOCK_CHANNELS };
  const blocks = new Float32Array(size.rows * size.columns * BLOCK_CHANNELS);
  toBlocks(image, blocks, 0);
  const input = Int16Array.from(blocks, (value) => Math.round(value * IMAGE_UNIT));
  const output = layers.run(input, size, (on, x) => analysis(architecture, on, x));
  return Float32Array.from(output, (value) => value / FEATURE_UNIT);
}

/** `y` as it is quantised at a quality: times the gain of each channel. */
export function withGain({ gain }: Model, y: Float32Array, quality: number): Float32Array {
  const channels = gain.length / QUALITIES;
  const from = (quality - 1) * channels;
  return y.map((value, at) => value * gain[from + (at % channels)]!);
}

/** Pixels of `y_hat` in 32nds. */
export function reconstruct(model: Decoder, header: PictureHeader, yHat: Int16Array): Image {
  const { architecture, synthesis: layers } = model;
  const { width, height, quality, grey } = header;
  const size = { ...latentSize(width, height), channels: architecture.latentChannels };
  const blocks = layers.run(withInverseGain(model, yHat, quality), size, (on, x) =>
    synthesis(architecture, on, x),
  );
  return fromBlocks(blocks, width, height, grey);
}

/** What enters `g_s`, in its integers. */
function withInverseGain({ inverseGain }: Decoder, yHat: Int16Array, quality: number): Int16Array {
  const channels = inverseGain.length / QUALITIES;
  const from = (quality - 1) * channels;
  // products of doubles, rounded: the same on every machine
  return yHat.map((units, at) => {
    const value = Math.round(units * inverseGain[from + (at % channels)]! * (FEATURE_UNIT / LATENT_UNIT));
    return Math.max(-FEATURE_LIMIT, Math.min(FEATURE_LIMIT, value));
  });
}
