import { type Tensor4D, tensor4d, tidy } from "@tensorflow/tfjs-core";
import { latentSize, QUALITIES } from "./architecture.ts";
import type { Header } from "./container.ts";
import type { Image } from "./image.ts";
import { fromEighths } from "./latents.ts";
import type { Decoder, Model } from "./model.ts";
import { blockSize, fromBlocks, toBlocks } from "./pixels.ts";
import { analysis, synthesis } from "./transforms.ts";

/** Size, quality and colour of a picture to be. */
export type PictureHeader = Pick<Header, "width" | "height" | "quality" | "grey">;

/** `y` of images of one size before gain, [n, rows, columns, latentChannels]. */
export function analyse({ architecture, layers }: Model, images: readonly Image[]): Float32Array {
  const { width, height } = images[0]!;
  const { rows, columns } = blockSize(width, height);
  const blocks = new Float32Array(images.length * rows * columns * 12);
  images.forEach((image, i) => {
    toBlocks(image, blocks, i * rows * columns * 12);
  });
  return run(blocks, [images.length, rows, columns, 12], (x) => analysis(architecture, layers, x));
}

/** `y` as it is quantised at a quality: times the gain of each channel. */
export function withGain({ gain }: Model, y: Float32Array, quality: number): Float32Array {
  return scaleChannels(Float32Array.from(y), gain, quality);
}

/** Pixels of `y_hat` in eighths of files of one quality and size. */
export function reconstruct(
  { architecture, layers, inverseGain }: Decoder,
  headers: readonly PictureHeader[],
  yHat: Int16Array,
): Image[] {
  const { width, height, quality } = headers[0]!;
  const { rows, columns } = latentSize(width, height);
  const y = scaleChannels(fromEighths(yHat), inverseGain, quality);
  const shape: Shape = [headers.length, rows, columns, architecture.latentChannels];
  const blocks = run(y, shape, (x) => synthesis(architecture, layers, x));
  const length = blocks.length / headers.length;
  return headers.map(({ grey }, i) => fromBlocks(blocks, i * length, width, height, grey));
}

type Shape = [number, number, number, number];

function run(values: Float32Array, shape: Shape, network: (x: Tensor4D) => Tensor4D): Float32Array {
  const out = tidy(() => network(tensor4d(values, shape)));
  const result = out.dataSync<"float32">();
  out.dispose();
  return result;
}

/** Multiplies, in place, each channel by its factor at a quality; `factors` is [100, channels]. */
function scaleChannels(y: Float32Array, factors: Float32Array, quality: number): Float32Array {
  const channels = factors.length / QUALITIES;
  const from = (quality - 1) * channels;
  for (let i = 0; i < y.length; i++) y[i]! *= factors[from + (i % channels)]!;
  return y;
}
