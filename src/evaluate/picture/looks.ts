import sharp from "sharp";
import { type Image, laidOnWhite } from "../../codec/image.ts";
import type { Model } from "../../codec/model.ts";
import { decodePicture, type ModelSource } from "../../image/decode.ts";
import { encodePicture } from "../../image/encode.ts";
import { resizeImage } from "../../image/fit.ts";
import { readImage } from "../../image/read.ts";
import { type Cell, pageSample, sample } from "./sheet.ts";

const SIDE = 64;
/** At most so many bytes. */
const BYTES = [65, 110, 180] as const;

/** Glasses as they sit on the second portrait of the page, in shares of its side. */
const GLASSES = `<g fill="none" stroke="#201a18" stroke-width=".018"><rect x=".31" y=".4" width=".16" height=".11" rx=".04"/><rect x=".53" y=".4" width=".16" height=".11" rx=".04"/><path d="M.47 .44h.06M.31 .43l-.05 -.01M.69 .43l.05 -.01"/></g>`;
const LETTERS = `<text x=".5" y=".93" font-family="sans-serif" font-size=".13" font-weight="bold" text-anchor="middle" fill="#fff" stroke="#222" stroke-width=".005">TEAM 48</text>`;

/**
 * What the natural look makes of files whose faithful look is soft: a row for each picture, with both looks at three
 * sizes; portraits first, then what it gets wrong.
 */
export async function looks(models: ModelSource, model: Model): Promise<Cell[][]> {
  const pictures: [string, Image][] = [];
  for (const name of ["1-portrait", "2-portrait", "3-portrait", "4-portrait"]) {
    pictures.push(["original", await small(await pageSample(name))]);
  }
  const second = await pageSample("2-portrait");
  pictures.push(["glasses, drawn on", await small(await drawnOn(second, GLASSES))]);
  pictures.push(["letters, drawn on", await small(await drawnOn(second, LETTERS))]);
  pictures.push(["paint", await sample("face-paint-64")]);
  return Promise.all(pictures.map(([label, image]) => row(models, model, label, image)));
}

async function row(models: ModelSource, model: Model, label: string, image: Image): Promise<Cell[]> {
  const cells: Cell[] = [{ image, label }];
  for (const maxBytes of BYTES) {
    const target = { kind: "bytes", maxBytes } as const;
    const { file } = await encodePicture([model], image, { target, effort: 0, classical: false });
    for (const look of ["faithful", "natural"] as const) {
      cells.push({ image: await decodePicture(models, file, look), label: `${look}, ${file.length} bytes` });
    }
  }
  return cells;
}

function small(image: Image): Promise<Image> {
  return resizeImage(image, SIDE, SIDE);
}

/** A picture with shapes on it, whose coordinates are shares of its sides. */
async function drawnOn({ width, height, data }: Image, shapes: string): Promise<Image> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 1 1">${shapes}</svg>`;
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .composite([{ input: Buffer.from(svg) }])
    .png()
    .toBuffer();
  return laidOnWhite((await readImage(png)).image);
}
