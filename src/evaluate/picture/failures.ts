import sharp from "sharp";
import { imageOf } from "../../api/picture.ts";
import { type Image, laidOnWhite } from "../../codec/image.ts";
import type { Model } from "../../codec/model.ts";
import { encodePicture } from "../../image/encode.ts";
import { readImage } from "../../image/read.ts";
import { decode } from "../../index.ts";
import type { Cell } from "./sheet.ts";
import { sample } from "./sheet.ts";

const SIDE = 64;
const QUALITY = 50;

/** Drawings of 64×64 pixels, as SVG. */
const DRAWINGS = {
  text: `<g font-family="sans-serif" font-size="15"><text x="4" y="18">Flight</text><text x="4" y="36">LH 456</text><text x="4" y="54">Gate 12</text></g>`,
  "line art": `<g fill="none" stroke="#000"><circle cx="32" cy="32" r="24"/><circle cx="32" cy="32" r="15"/><path d="M8 8 56 56M56 8 8 56M32 2V62"/></g>`,
  pattern: `<defs><pattern id="p" width="4" height="4" patternUnits="userSpaceOnUse"><path d="M0 0h2v2h-2zM2 2h2v2h-2z"/></pattern></defs><rect width="64" height="64" fill="url(#p)"/>`,
} as const;

/**
 * What a model misses: a row for each kind, with the original, what the model alone makes of it, and what the encoder
 * then stores at the same target.
 */
export async function failures(model: Model): Promise<Cell[][]> {
  const kinds: [string, Image][] = [];
  for (const [name, svg] of Object.entries(DRAWINGS)) kinds.push([name, await drawn(svg)]);
  kinds.push(["print on cloth", await sample("shirt-64")], ["no face", await sample("parrot-64")]);
  return Promise.all(kinds.map(([name, image]) => row(model, name, image)));
}

async function row(model: Model, name: string, image: Image): Promise<Cell[]> {
  return [{ image, label: name }, await encoded(model, image, false), await encoded(model, image, true)];
}

async function encoded(model: Model, image: Image, classical: boolean): Promise<Cell> {
  const wish = { target: { kind: "quality", quality: QUALITY }, effort: 0, classical } as const;
  const { file, kind, psnr } = await encodePicture([model], image, wish);
  return {
    image: imageOf(await decode(file)),
    label: `${kind === "latents" ? model.name : kind} ${file.length} B, ${psnrText(psnr)}`,
  };
}

function psnrText(psnr: number): string {
  return Number.isFinite(psnr) ? `${Math.round(psnr)} dB` : "exact";
}

async function drawn(shapes: string): Promise<Image> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}"><rect width="${SIDE}" height="${SIDE}" fill="#fff"/>${shapes}</svg>`;
  return laidOnWhite((await readImage(await sharp(Buffer.from(svg)).png().toBuffer())).image);
}
