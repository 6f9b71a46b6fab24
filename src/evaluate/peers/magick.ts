import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  ImageMagick,
  initializeImageMagick,
  MagickFormat,
  MagickReadSettings,
} from "@imagemagick/magick-wasm";
import type { Image } from "../../codec/image.ts";

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

/** Opaque pixels → JPEG XL, a bare codestream; quality and effort as `-quality` and `-define jxl:effort` take them. */
export async function writeJpegXl(
  { width, height, data }: Image,
  quality: number,
  effort: number,
): Promise<Uint8Array> {
  await start();
  const settings = new MagickReadSettings({ format: MagickFormat.Rgb, width, height, depth: 8 });
  return ImageMagick.read(data, settings, (image) => {
    image.quality = quality;
    image.settings.setDefine(MagickFormat.Jxl, "effort", String(effort));
    return image.write(MagickFormat.Jxl, (file) => new Uint8Array(file));
  });
}

/** Any file that it reads → pixels. */
export async function readPixels(file: Uint8Array): Promise<Image> {
  await start();
  return ImageMagick.read(file, (image) => {
    image.depth = 8;
    const data = image.write(MagickFormat.Rgb, (pixels) => new Uint8Array(pixels));
    return { width: image.width, height: image.height, data };
  });
}
