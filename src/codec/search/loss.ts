import { latentSize } from "../architecture.ts";
import { reconstruct } from "../autoencoder.ts";
import { type Image, isGrey, withAlphaOf } from "../image.ts";
import { type LatentShape, quantiseLatents } from "../latents.ts";
import type { Model } from "../model.ts";
import { squaredError } from "../psnr.ts";

/**
 * Bits + price · squared error of 8-bit pixels of each image, of one size, if its file held this `y`.
 * @param y [n, rows, columns, latentChannels] after the gain of the quality
 */
export function lossesOf(
  model: Model,
  images: readonly Image[],
  y: Float32Array,
  { quality, price }: { readonly quality: number; readonly price: number },
): number[] {
  const { width, height } = images[0]!;
  const shape: LatentShape = { n: images.length, ...latentSize(width, height) };
  const bits = new Array<number>(images.length).fill(0);
  const yHat = quantiseLatents(model, y, shape, quality, (image, scale, symbol) => {
    bits[image]! += model.tables.cost(scale, symbol);
  });
  const headers = images.map((image) => ({ ...image, quality, grey: isGrey(image) }));
  const decoded = reconstruct(model, headers, yHat);
  return bits.map(
    (ofImage, i) => ofImage + price * squaredError(images[i]!, withAlphaOf(images[i]!, decoded[i]!)),
  );
}
