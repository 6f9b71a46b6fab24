/**
 * `npm run picture`: the README's picture, and of each model here the picture of its failures, from images that may be
 * published.
 */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { imageOf } from "../../api/picture.ts";
import type { Image } from "../../codec/image.ts";
import { decode, encode } from "../../index.ts";
import { openModels } from "../../model/folder.ts";
import { failures } from "./failures.ts";
import { type Cell, sample, sheet } from "./sheet.ts";

const SAMPLES = ["face-pearls-64", "face-hat-64", "face-paint-64"] as const;
const QUALITIES = [10, 30, 50] as const;
/** WebP's smallest, and about twice that. */
const WEBP_QUALITIES = [1, 20] as const;

const ROOT = new URL("../../../", import.meta.url);

await write("docs/picture.png", await sheet(await Promise.all(SAMPLES.map(row))));
for (const model of await (await openModels()).choose("auto")) {
  await write(`models/${model.name}/failures.png`, await sheet(await failures(model)));
}

async function write(path: string, png: Buffer): Promise<void> {
  await writeFile(fileURLToPath(new URL(path, ROOT)), png);
  console.log(`${path}: ${png.length} bytes`);
}

/** Original, ZippyNet, and WebP at its smallest. */
async function row(name: string): Promise<Cell[]> {
  const image = await sample(name);
  const cells: Cell[] = [{ image, label: `original ${image.width}×${image.height}` }];
  for (const quality of QUALITIES) {
    const zn = await encode(image, { quality, classical: false });
    cells.push({ image: imageOf(await decode(zn)), label: `ZippyNet ${zn.length} bytes` });
  }
  for (const quality of WEBP_QUALITIES) cells.push(await webp(image, quality));
  return cells;
}

async function webp(image: Image, quality: number): Promise<Cell> {
  const { width, height, data } = image;
  const file = await sharp(data, { raw: { width, height, channels: 3 } })
    .webp({ quality, effort: 6 })
    .toBuffer();
  const pixels = await sharp(file).removeAlpha().raw().toBuffer();
  return { image: { width, height, data: new Uint8Array(pixels) }, label: `WebP ${file.length} bytes` };
}
