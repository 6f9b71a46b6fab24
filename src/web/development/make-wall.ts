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
import { usualModels } from "../../model/models.ts";
import { type FolderPicture, folderPictures } from "./folder-pictures.ts";
import { type Coded, cells, WALL, type Wall, type WallPicture, wallDocument } from "./wall-document.ts";

export interface WallOptions {
  /** Folder of pictures, of any size. */
  readonly folder: string;
  /** The most pictures. */
  readonly count: number;
  /** Pixels of a picture. */
  readonly side: number;
  /** PSNR in dB that every picture has at least, on both sides. */
  readonly psnr: number;
  /** Name of a model; by default the one that makes a few of the pictures smallest. */
  readonly model?: string | undefined;
  /** The built dist/web, to which the wall is added. */
  readonly out: string;
  /** Called after each picture. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called for each image that cannot be read. */
  readonly onFailure?: (path: string, error: unknown) => void;
}

/** Pictures that are coded at a time. */
const AT_ONCE = 4;
/** Pictures on which models are compared. */
const TRIED = 4;

/**
 * Codes a folder's pictures as `.zn` and as WebP of the same PSNR, writes the page that shows both, and gives their
 * sizes. Takes some 0.3 s for each picture. Throws if the folder has none.
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
 * The smallest WebP that reaches the PSNR, then the smallest `.zn` that is no worse than that WebP. So neither side
 * gains from the coarse steps of WebP's quality, and if WebP cannot go down to the PSNR, ours has to be better too.
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
 * The smallest WebP that reaches a PSNR, found by bisection over its quality. The preset is the one with the highest
 * PSNR: it neither shapes noise nor smooths. If no quality reaches the PSNR, it is the best one.
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

/** The model that takes the fewest bytes for a few of the pictures. The page then loads only its weights. */
async function smallestModel(pictures: readonly FolderPicture[], least: number): Promise<string> {
  const usual = usualModels((await openModels()).list());
  const some = pictures.filter((_, i) => i % Math.ceil(pictures.length / TRIED) === 0);
  const sums = new Map<string, number>();
  for (const { name: model } of usual) {
    let sum = 0;
    for (const { image } of some) sum += (await encode(image, { psnr: least, model })).length;
    sums.set(model, sum);
  }
  return [...sums].reduce((best, each) => (each[1] < best[1] ? each : best))[0];
}

/** The sizes of the pictures and of what decodes them, compressed as a server sends them. */
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

/** Paths in `out` of the files that a decoder loads, and of the one that it loads for the natural look. */
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
