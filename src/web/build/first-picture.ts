import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { toInline } from "../../codec/format/base64url.ts";
import type { Image } from "../../codec/image.ts";
import { psnr } from "../../codec/rate-distortion.ts";
import { decodePicture } from "../../image/decode.ts";
import { encodePicture } from "../../image/encode.ts";
import { resizeImage } from "../../image/fit.ts";
import { readImage } from "../../image/read.ts";
import { openModels } from "../../model/folder.ts";

/** The page's first picture: its side in pixels, and a quality at which portraits take some hundred bytes. */
export const FIRST = { side: 64, quality: 26, sample: "1-portrait.webp" } as const;

/** What the page shows before the weights are loaded. */
export interface FirstPicture {
  /** The model that suits the picture best. */
  readonly model: { readonly name: string; readonly description: string };
  /** The `.zn` file as text. */
  readonly inline: string;
  readonly bytes: number;
  /** In dB. */
  readonly psnr: number;
  /** The smallest WebP file. */
  readonly webp: { readonly bytes: number; readonly psnr: number };
}

type Made = FirstPicture & { readonly pngs: Readonly<Record<"original" | "own" | "webp", string>> };

/**
 * Encodes the page's first picture and writes it as `first/{original,own,webp}.png`. Takes a second.
 * @param samples folder of the sample pictures
 */
export async function makeFirstPicture(samples: string, models: string, out: string): Promise<FirstPicture> {
  const bytes = await readFile(join(samples, FIRST.sample));
  const { pngs, ...first } = await make(bytes, models);
  await mkdir(join(out, "first"), { recursive: true });
  for (const [name, png] of Object.entries(pngs))
    await writeFile(join(out, "first", `${name}.png`), Buffer.from(png, "base64"));
  return first;
}

async function make(bytes: Uint8Array, folder: string): Promise<Made> {
  const image = await resizeImage((await readImage(bytes)).image, FIRST.side, FIRST.side);
  const models = await openModels(folder);
  const chosen = await models.choose("auto");
  const target = { kind: "quality", quality: FIRST.quality } as const;
  const { file, model } = await encodePicture(chosen, image, { target, effort: 0, classical: false });
  const own = await decodePicture(models, file);
  const { name, description } = models.list().find(({ number }) => number === model)!;
  const webpFile = await smallestWebp(image);
  const webp = (await readImage(webpFile)).image;
  return {
    model: { name, description },
    inline: toInline(file),
    bytes: file.length,
    psnr: psnr(image, own),
    webp: { bytes: webpFile.length, psnr: psnr(image, webp) },
    pngs: { original: await pngOf(image), own: await pngOf(own), webp: await pngOf(webp) },
  };
}

/** The smallest file of all of WebP's presets. */
async function smallestWebp(image: Image): Promise<Uint8Array> {
  const presets = ["default", "photo", "picture", "drawing", "icon", "text"] as const;
  const files = await Promise.all(
    presets.map((preset) =>
      sharp(image.data, { raw: raw(image) })
        .webp({ quality: 1, effort: 6, preset })
        .toBuffer(),
    ),
  );
  return files.reduce((least, file) => (file.length < least.length ? file : least));
}

async function pngOf(image: Image): Promise<string> {
  const png = await sharp(image.data, { raw: raw(image) })
    .png({ compressionLevel: 9 })
    .toBuffer();
  return png.toString("base64");
}

function raw({ width, height }: Image) {
  return { width, height, channels: 3 } as const;
}
