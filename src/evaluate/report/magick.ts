import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ImageMagick, initializeImageMagick, MagickFormat } from "@imagemagick/magick-wasm";

let started: Promise<void> | undefined;

async function start(): Promise<void> {
  started ??= (async () => {
    const path = fileURLToPath(import.meta.resolve("@imagemagick/magick-wasm/magick.wasm"));
    await initializeImageMagick(await readFile(path));
  })();
  await started;
}

/** What `magick mogrify -quality Q -format jpg` makes of an image file. */
export async function mogrify(file: Uint8Array, quality: number): Promise<Uint8Array> {
  await start();
  return ImageMagick.read(file, (image) => {
    image.quality = quality;
    return image.write(MagickFormat.Jpeg, (data) => new Uint8Array(data));
  });
}

/** What `magick identify -format %Q` says of a JPEG: the quality that its tables stand for, 1–100. */
export async function estimatedQuality(jpeg: Uint8Array): Promise<number> {
  await start();
  return ImageMagick.read(jpeg, (image) => image.quality);
}
