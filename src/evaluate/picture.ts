import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { decode, encode, type Image } from "../index.ts";

/** The README's picture: originals, ZippyNet, and WebP at its smallest, enlarged twice. `npm run picture` */
const SAMPLES = ["face-pearls-64", "face-hat-64", "face-paint-64"] as const;
const QUALITIES = [10, 30, 50] as const;
const SIDE = 128;
const GAP = 12;
const LABEL = 22;

interface Cell {
  readonly png: Buffer;
  readonly label: string;
}

const rows: Cell[][] = [];
for (const name of SAMPLES) rows.push(await row(name));
const width = rows[0]!.length * (SIDE + GAP) + GAP;
const height = rows.length * (SIDE + LABEL + GAP) + GAP;
const parts = rows.flatMap((cells, y) =>
  cells.flatMap(({ png, label }, x) => {
    const left = GAP + x * (SIDE + GAP);
    const top = GAP + y * (SIDE + LABEL + GAP);
    return [
      { input: png, left, top },
      { input: caption(label), left, top: top + SIDE },
    ];
  }),
);
const picture = sharp({ create: { width, height, channels: 3, background: "#ffffff" } }).composite(parts);
const path = fileURLToPath(new URL("../../docs/picture.png", import.meta.url));
await writeFile(path, await picture.png({ palette: true, colours: 256, effort: 10 }).toBuffer());
console.log(`${width}×${height} pixels written to ${path}`);

async function row(name: string): Promise<Cell[]> {
  const file = await readFile(new URL(`../../test/images/${name}.png`, import.meta.url));
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const image: Image = { width: info.width, height: info.height, data: new Uint8Array(data) };
  const cells: Cell[] = [{ png: await enlarge(image), label: `original ${info.width}×${info.height}` }];
  for (const quality of QUALITIES) {
    const zn = await encode(image, { quality, classical: false });
    cells.push({ png: await enlarge(await decode(zn)), label: `ZippyNet ${zn.length} bytes` });
  }
  const raw = { width: image.width, height: image.height, channels: 3 } as const;
  for (const quality of [1, 20]) {
    const webp = await sharp(image.data, { raw }).webp({ quality, effort: 6 }).toBuffer();
    const pixels = await sharp(webp).removeAlpha().raw().toBuffer();
    cells.push({
      png: await enlarge({ ...image, data: new Uint8Array(pixels) }),
      label: `WebP ${webp.length} bytes`,
    });
  }
  return cells;
}

function enlarge({ width, height, data }: Image): Promise<Buffer> {
  const raw = { width, height, channels: 3 } as const;
  return sharp(data, { raw }).resize(SIDE, SIDE, { kernel: "nearest" }).png().toBuffer();
}

function caption(text: string): Buffer {
  const style = `font-family="sans-serif" font-size="12" fill="#333" text-anchor="middle"`;
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${LABEL}"><text x="${SIDE / 2}" y="15" ${style}>${text}</text></svg>`,
  );
}
