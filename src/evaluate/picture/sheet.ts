import { readFile } from "node:fs/promises";
import sharp from "sharp";
import type { Image } from "../../codec/image.ts";
import { readImage } from "../../image/read.ts";

const SIDE = 128;
const GAP = 12;
const LABEL = 22;

/** A picture of a sheet, and the line beneath it. */
export interface Cell {
  readonly image: Image;
  readonly label: string;
}

/**
 * Rows of pictures, each enlarged to 128×128 pixels, with their labels: a WebP without loss, since a palette would put
 * its dots on skin and walls.
 */
export async function sheet(rows: readonly (readonly Cell[])[]): Promise<Buffer> {
  const width = rows[0]!.length * (SIDE + GAP) + GAP;
  const height = rows.length * (SIDE + LABEL + GAP) + GAP;
  const parts = rows.map((cells, y) =>
    cells.map(async ({ image, label }, x) => {
      const left = GAP + x * (SIDE + GAP);
      const top = GAP + y * (SIDE + LABEL + GAP);
      return [
        { input: await enlarged(image), left, top },
        { input: caption(label), left, top: top + SIDE },
      ];
    }),
  );
  return sharp({ create: { width, height, channels: 3, background: "#ffffff" } })
    .composite((await Promise.all(parts.flat())).flat())
    .webp({ lossless: true, effort: 6 })
    .toBuffer();
}

/** A picture as PNG, scaled to a square of so many pixels. */
export function enlarged({ width, height, data }: Image, side = SIDE): Promise<Buffer> {
  const raw = { width, height, channels: 3 } as const;
  return sharp(data, { raw }).resize(side, side, { kernel: "cubic" }).png().toBuffer();
}

function caption(text: string): Buffer {
  const style = `font-family="sans-serif" font-size="9.5" fill="#333" text-anchor="middle"`;
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${LABEL}"><text x="${SIDE / 2}" y="15" ${style}>${text}</text></svg>`,
  );
}

/** A picture of `test/images`, by its name without `.png`. */
export async function sample(name: string): Promise<Image> {
  const file = await readFile(new URL(`../../../test/images/${name}.png`, import.meta.url));
  return (await readImage(file)).image;
}

/** A sample of the page, by its name without `.webp`. */
export async function pageSample(name: string): Promise<Image> {
  const file = await readFile(new URL(`../../web/page/samples/${name}.webp`, import.meta.url));
  return (await readImage(file)).image;
}
