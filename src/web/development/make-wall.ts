import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { Image } from "../../codec/image.ts";
import { encodePicture } from "../../image/encode.ts";
import { openModels } from "../../model/folder.ts";
import { WALL, type WallPicture, WEBP_WALL, webpDocument, znDocument } from "./wall-documents.ts";
import { pictures } from "./wall-pictures.ts";

export interface WallOptions {
  /** Of pictures; any size. */
  readonly folder: string;
  readonly count: number;
  /** Pixels of a picture. */
  readonly side: number;
  /** 1–100 */
  readonly quality: number;
  /** dist/web, built. */
  readonly out: string;
}

/** Bytes of all pictures. */
export interface WallBytes {
  readonly zn: number;
  readonly webp: number;
}

/** Writes both walls beside the page. Takes some 50 ms a picture. */
export async function makeWall({ folder, count, side, quality, out }: WallOptions): Promise<WallBytes> {
  const models = await (await openModels()).choose("auto");
  const made: WallPicture[] = [];
  const wish = { target: { kind: "quality", quality }, effort: 0, classical: false } as const;
  for (const picture of await pictures(folder, count, side)) {
    const { file } = await encodePicture(models, picture, wish);
    made.push({ zn: file, webp: await smallestWebp(picture) });
  }
  await writeFile(join(out, WALL), znDocument(made, side));
  await writeFile(join(out, WEBP_WALL), webpDocument(made, side));
  const sum = (kind: keyof WallPicture): number => made.reduce((all, each) => all + each[kind].length, 0);
  return { zn: sum("zn"), webp: sum("webp") };
}

async function smallestWebp({ width, height, data }: Image): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .webp({ quality: 1, effort: 6 })
    .toBuffer();
}
