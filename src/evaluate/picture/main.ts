/**
 * `npm run picture`: the README's picture, that of docs/looks.md, and of each model here the picture of its failures,
 * from images that may be published.
 */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Image } from "../../codec/image.ts";
import { psnr } from "../../codec/rate-distortion.ts";
import type { Target } from "../../codec/target.ts";
import { decodePicture } from "../../image/decode.ts";
import { type EncodedPicture, encodePicture } from "../../image/encode.ts";
import { resizeImage } from "../../image/fit.ts";
import { openModels } from "../../model/folder.ts";
import { measure, PEERS, type Peer } from "../peers/peer.ts";
import { THUMBHASH } from "../peers/thumbhash.ts";
import { failures } from "./failures.ts";
import { looks } from "./looks.ts";
import { type Cell, pageSample, sheet } from "./sheet.ts";

/** The samples of the page that are shown. */
const SAMPLES = ["1-portrait", "2-portrait", "3-portrait", "5-red-shirt", "6-cap"] as const;
const SIDE = 64;
/** The most bytes of ZippyNet's files, a column each. */
const BYTES = [60, 90, 130, 200] as const;

const ROOT = new URL("../../../", import.meta.url);

const models = await openModels();
const chosen = await models.choose("auto");
const rows: Cell[][] = [];
for (const name of SAMPLES) rows.push(await row(name));
await write("docs/picture.webp", await sheet(rows));
await write("docs/looks.webp", await sheet(await looks(models, await models.default())));
for (const model of chosen) {
  await write(`models/${model.name}/failures.webp`, await sheet(await failures(model)));
}

async function write(path: string, file: Buffer): Promise<void> {
  await writeFile(fileURLToPath(new URL(path, ROOT)), file);
  console.log(`${path}: ${file.length} bytes`);
}

/**
 * Original; ZippyNet in four sizes, and its smallest where it cannot have one; WebP at its smallest and at the PSNR of
 * the largest; AVIF and ThumbHash.
 */
async function row(name: string): Promise<Cell[]> {
  const image = await resizeImage(await pageSample(name), SIDE, SIDE);
  const cells: Cell[] = [{ image, label: `original ${SIDE}×${SIDE}` }];
  let best = 0;
  for (const maxBytes of BYTES) {
    const made = await own(image, { kind: "bytes", maxBytes }).catch(() =>
      own(image, { kind: "quality", quality: 1 }),
    );
    cells.push(cellOf("ZippyNet", made.file, image, await decodePicture(models, made.file)));
    best = made.psnr;
  }
  const webp = peerNamed("webp");
  cells.push(await peerCell("WebP", webp, image, webp.qualities[0]!));
  cells.push(await peerCell("WebP", webp, image, await qualityOf(webp, image, best)));
  const avif = peerNamed("avif");
  cells.push(await peerCell("AVIF", avif, image, avif.qualities[0]!));
  cells.push(await peerCell("ThumbHash", THUMBHASH, image, 1));
  return cells;
}

function own(image: Image, target: Target): Promise<EncodedPicture> {
  return encodePicture(chosen, image, { target, effort: 0, classical: false });
}

function peerNamed(name: string): Peer {
  return PEERS.find((peer) => peer.name === name)!;
}

/** The least of a codec's qualities that gives a PSNR, or the highest. */
async function qualityOf(peer: Peer, image: Image, least: number): Promise<number> {
  for (let quality = peer.qualities[0]!; quality < peer.qualities.at(-1)!; quality += 3)
    if ((await measure(peer, image, quality)).psnr >= least) return quality;
  return peer.qualities.at(-1)!;
}

async function peerCell(name: string, peer: Peer, image: Image, quality: number): Promise<Cell> {
  const file = await peer.encode(image, quality);
  return cellOf(name, file, image, await peer.decode(file, image));
}

function cellOf(name: string, file: Uint8Array, original: Image, image: Image): Cell {
  return { image, label: `${name} ${file.length} B, ${psnr(original, image).toFixed(1)} dB` };
}
