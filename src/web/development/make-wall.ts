import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { readZn } from "../../codec/format/zn-file.ts";
import type { Image } from "../../codec/image.ts";
import { psnr } from "../../codec/rate-distortion.ts";
import { inParallel } from "../../concurrency.ts";
import { decode, encode } from "../../index.ts";
import { openModels } from "../../model/folder.ts";
import { DECODER_BLOBS } from "../../model/load-decoder.ts";
import { type Asset, parseManifest } from "../../model/manifest.ts";
import { type FolderPicture, folderPictures } from "./folder-pictures.ts";
import { type Coded, cells, WALL, type Wall, type WallPicture, wallDocument } from "./wall-document.ts";

export interface WallOptions {
  /** Of pictures; any size. */
  readonly folder: string;
  /** At most so many. */
  readonly count: number;
  /** Pixels of a picture. */
  readonly side: number;
  /** At least so many decibels, of every picture on both sides. */
  readonly psnr: number;
  /** A model's name; the one that makes a few of the pictures smallest, unless told. */
  readonly model?: string | undefined;
  /** dist/web, built. */
  readonly out: string;
  /** Told after each picture. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Told of what cannot be read. */
  readonly onFailure?: (path: string, error: unknown) => void;
}

/** Pictures that are at work at a time: as many as there are threads that encode, and a few that WebP is searched for. */
const AT_ONCE = 4;
/** Pictures that models are compared on. */
const TRIED = 4;

/**
 * Codes a folder's pictures twice, at equal PSNR, and writes the page that shows both; gives what they weigh. Takes
 * some 0.3 s a picture. Throws if the folder has none.
 */
export async function makeWall(options: WallOptions): Promise<Wall> {
  const { folder, count, side, out, onProgress, onFailure } = options;
  const pictures = await folderPictures(folder, count, side, onFailure ?? (() => undefined));
  const model = options.model ?? (await smallestModel(pictures, options.psnr));
  const made: WallPicture[] = new Array(pictures.length);
  let done = 0;
  const code = async ([i, picture]: [number, FolderPicture]): Promise<void> => {
    made[i] = await codedTwice(picture, model, options.psnr);
  };
  for await (const _ of inParallel(pictures.entries(), AT_ONCE, code)) onProgress?.(++done, pictures.length);
  const wall = await weighed(made, { model, side, out });
  await writeFile(join(out, WALL), wallDocument(made, wall));
  return wall;
}

/**
 * WebP at its smallest that reaches the PSNR, then the smallest `.zn` that is no worse than that: so neither side
 * gains by a coarse scale of qualities, and where WebP cannot be as bad as wished ours is better too.
 */
async function codedTwice(
  { name, image }: FolderPicture,
  model: string,
  least: number,
): Promise<WallPicture> {
  const webp = await smallestWebp(image, least);
  const file = await encode(image, { psnr: webp.psnr, model });
  const { data } = await decode(file, { channels: 3 });
  const { width, height } = image;
  return { name, webp, zn: { file, psnr: psnr(image, { width, height, data: Uint8Array.from(data) }) } };
}

/**
 * By halving the scale of qualities, on which WebP's PSNR hardly ever falls. The preset is the best of them for PSNR:
 * no shaping of noise, no smoothing. Of a picture that never reaches it, the best.
 */
async function smallestWebp(image: Image, least: number): Promise<Coded> {
  const at = async (quality: number): Promise<Coded> => {
    const { width, height } = image;
    const raw = { width, height, channels: 3 } as const;
    const file = await sharp(image.data, { raw }).webp({ quality, effort: 6, preset: "icon" }).toBuffer();
    const data = await sharp(file).toColourspace("srgb").removeAlpha().raw().toBuffer();
    return { file, psnr: psnr(image, { width, height, data: new Uint8Array(data) }) };
  };
  let [low, high] = [1, 100];
  let best: Coded | undefined;
  while (low < high) {
    const middle = (low + high) >> 1;
    const made = await at(middle);
    if (made.psnr >= least) [best, high] = [made, middle];
    else low = middle + 1;
  }
  return best ?? (await at(100));
}

/** The free model that makes the fewest bytes of a few of the pictures; a page then loads no other's weights. */
async function smallestModel(pictures: readonly FolderPicture[], least: number): Promise<string> {
  const all = (await openModels()).list();
  const free = all.filter(({ research }) => !research);
  const some = pictures.filter((_, i) => i % Math.ceil(pictures.length / TRIED) === 0);
  const sums = new Map<string, number>();
  for (const { name: model } of free.length > 0 ? free : all) {
    let sum = 0;
    for (const { image } of some) sum += (await encode(image, { psnr: least, model })).length;
    sums.set(model, sum);
  }
  return [...sums].reduce((best, each) => (each[1] < best[1] ? each : best))[0];
}

/** What the pictures and what decodes them weigh, as a server sends them. */
async function weighed(
  made: readonly WallPicture[],
  { model, side, out }: { readonly model: string; readonly side: number; readonly out: string },
): Promise<Wall> {
  const mean = (of: (picture: WallPicture) => number): number =>
    made.reduce((sum, picture) => sum + of(picture), 0) / made.length;
  const { zn, webp } = cells(made, side);
  const sent = async (name: string): Promise<number> => compressed(await readFile(join(out, name)));
  const isOurs = made.some(({ zn }) => readZn(zn.file).kind === "latents");
  const { faithful, natural } = isOurs ? await weightsOf(out, model) : { faithful: [] };
  const code = (await readdir(out)).filter((name) => /^(decoder-.*|wall)\.js$/.test(name));
  let once = 0;
  for (const name of [...faithful, ...code]) once += await sent(name);
  return {
    ...(natural !== undefined && { natural: await sent(natural) }),
    count: made.length,
    side,
    model,
    once,
    zn: {
      file: mean((each) => each.zn.file.length),
      sent: compressed(zn),
      psnr: mean((each) => each.zn.psnr),
    },
    webp: {
      file: mean((each) => each.webp.file.length),
      sent: compressed(webp),
      psnr: mean((each) => each.webp.psnr),
    },
  };
}

/** A model's files that a decoder loads, and what it loads besides for the natural look; relative to `out`. */
async function weightsOf(
  out: string,
  model: string,
): Promise<{ readonly faithful: readonly string[]; readonly natural?: string | undefined }> {
  for (const folder of await readdir(join(out, "models"))) {
    const { name, blobs, looks } = parseManifest(
      await readFile(join(out, "models", folder, "manifest.json"), "utf8"),
    );
    if (name !== model) continue;
    const at = ({ file }: Asset): string => join("models", folder, file);
    return {
      faithful: DECODER_BLOBS.map((blob) => at(blobs[blob])),
      natural: looks?.natural && at(looks.natural),
    };
  }
  throw new Error(`${out}: expected the model ${model} among its models`);
}

function compressed(content: Uint8Array | string): number {
  return gzipSync(content, { level: 9 }).length;
}
