import sharp from "sharp";
import { readZn } from "../../codec/format/zn-file.ts";
import type { Image } from "../../codec/image.ts";
import type { Look } from "../../codec/network/architecture.ts";
import { psnr } from "../../codec/rate-distortion.ts";
import { decodePicture } from "../../image/decode.ts";
import type { Models } from "../../model/folder.ts";
import { evenly } from "../../train/data/images.ts";
import { cached, hashImages } from "../measure/cache.ts";
import { cappedPsnr } from "../measure/curve.ts";
import { measuredFile, type Runner } from "../measure/own.ts";
import type { Picture } from "../measure/sets.ts";
import type { Peer } from "../peers/peer.ts";

/** A picture by one codec, or as it was. */
export interface SheetCell {
  readonly codec: string;
  readonly bytes: number;
  /** PSNR in dB; the original has none. */
  readonly psnr?: number;
  /** Set if the codec has no file as small as the row asks for: then this is its smallest. */
  readonly tooLarge: boolean;
  /** PNG, as a data URL. */
  readonly png: string;
}

/** One picture at equal bytes. */
export interface SheetRow {
  readonly name: string;
  /** Bytes of our file. The others are given no more, if they can do with that. */
  readonly bytes: number;
  readonly cells: readonly SheetCell[];
}

/** Columns; where there are two peers, the better of them at each picture. */
const COLUMNS = [
  { codec: "WebP", names: ["webp", "webp-psnr"] },
  { codec: "AV1 payload", names: ["avif", "avif-psnr"] },
  { codec: "JPEG XL", names: ["jpegxl", "jpegxl-modular"] },
  { codec: "ThumbHash", names: ["thumbhash"] },
] as const;

export interface SheetSettings {
  readonly models: Models;
  readonly runner: Runner;
  /** From `ownVersion`. */
  readonly version: string;
  /** Rising, 0–9. */
  readonly efforts: readonly number[];
  readonly peers: readonly Peer[];
}

const PICTURES = 4;
/** Our qualities: one beneath what most others reach at all, and one within it. */
const QUALITIES = [40, 80];

interface Coded {
  /** Bytes of the file, or of its payload where the peer has one. */
  readonly bytes: number;
  readonly image: Image;
  readonly psnr: number;
}

/** Some pictures of a set, each as our files of the highest effort are and as other codecs do in as many bytes. */
export async function equalBytesSheet(
  settings: SheetSettings,
  pictures: readonly Picture[],
  onRow: (done: number, total: number) => void = () => undefined,
): Promise<SheetRow[]> {
  const chosen = evenly(pictures, PICTURES);
  const wanted = chosen.flatMap((picture) => QUALITIES.map((quality) => ({ picture, quality })));
  let done = 0;
  return Promise.all(
    wanted.map(async ({ picture, quality }) => {
      const row = await sheetRow(settings, picture, quality);
      onRow(++done, wanted.length);
      return row;
    }),
  );
}

async function sheetRow(
  settings: SheetSettings,
  { name, image }: Picture,
  quality: number,
): Promise<SheetRow> {
  const effort = settings.efforts.at(-1)!;
  const { faithful, natural } = await ownCoded(settings, image, quality, effort);
  const { bytes } = faithful;
  const cells = [
    await cell("original", { bytes: image.data.length, image, psnr: Number.NaN }),
    await cell(`ZippyNet, effort ${effort}`, faithful),
    ...(natural ? [await cell("the same file, natural look", natural)] : []),
  ];
  for (const { codec, names } of COLUMNS) {
    const peers = settings.peers.filter(({ name }) => names.some((wanted) => wanted === name));
    if (peers.length === 0) continue;
    const coded = await Promise.all(peers.map((peer) => largestWithin(peer, image, bytes)));
    cells.push(await cell(codec, best(coded, bytes), bytes));
  }
  return { name, bytes, cells };
}

/** Our file by its looks: the natural one where its model has it. */
async function ownCoded(
  { models, runner, version }: SheetSettings,
  image: Image,
  quality: number,
  effort: number,
): Promise<{ readonly faithful: Coded; readonly natural?: Coded }> {
  const wish = { runner, version, settings: { effort, classical: true } };
  const { file } = await measuredFile(wish, image, quality);
  const coded = async (look: Look): Promise<Coded> => {
    const decoded = await decodePicture(models, file, look);
    return { bytes: file.length, image: decoded, psnr: cappedPsnr(psnr(image, decoded)) };
  };
  const zn = readZn(file);
  const model = zn.kind === "latents" ? await models.byNumber(zn.header.model) : undefined;
  const hasLook = (await model?.withLook("natural"))?.look === "natural";
  return { faithful: await coded("faithful"), ...(hasLook && { natural: await coded("natural") }) };
}

/**
 * A peer's file of the highest quality that needs at most so many bytes (its payload, where it has one), by bisection,
 * or its smallest.
 */
export async function largestWithin(peer: Peer, image: Image, maxBytes: number): Promise<Coded> {
  const { name, settings, qualities } = peer;
  const sizeOf = (file: Uint8Array): number => (peer.payload?.(file) ?? file).length;
  const key = {
    sheet: name,
    settings,
    maxBytes,
    payload: peer.payload !== undefined,
    hash: hashImages([image]),
  };
  const base64 = await cached(key, async () => {
    let [low, high] = [qualities[0]!, qualities.at(-1)!];
    let file = await peer.encode(image, low);
    while (sizeOf(file) <= maxBytes && low < high) {
      const middle = Math.ceil((low + high) / 2);
      const tried = await peer.encode(image, middle);
      if (sizeOf(tried) <= maxBytes) [low, file] = [middle, tried];
      else high = middle - 1;
    }
    return Buffer.from(file).toString("base64");
  });
  const file = new Uint8Array(Buffer.from(base64, "base64"));
  const decoded = await peer.decode(file, image);
  return { bytes: sizeOf(file), image: decoded, psnr: cappedPsnr(psnr(image, decoded)) };
}

/** The best of those that fit, else the smallest. */
function best(coded: readonly Coded[], maxBytes: number): Coded {
  const fitting = coded.filter(({ bytes }) => bytes <= maxBytes);
  if (fitting.length > 0) return fitting.toSorted((a, b) => b.psnr - a.psnr)[0]!;
  return coded.toSorted((a, b) => a.bytes - b.bytes)[0]!;
}

async function cell(codec: string, { bytes, image, psnr }: Coded, maxBytes = Infinity): Promise<SheetCell> {
  const { width, height, data } = image;
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
  return {
    codec,
    bytes,
    ...(Number.isFinite(psnr) && { psnr }),
    tooLarge: bytes > maxBytes,
    png: `data:image/png;base64,${png.toString("base64")}`,
  };
}
