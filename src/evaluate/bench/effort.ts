/**
 * `npm run effort -- DIR [--size 42] [--limit 6] [--efforts 0,3,6,9]`: what `--effort` buys. Bytes at equal PSNR
 * (BD-rate to effort 0, over qualities 30 to 70) and time as a ratio to sharp's AVIF at effort 9 encoding the same
 * images in the same run, on one core. It goes on for minutes: effort 9 takes seconds an image.
 */
import { parseArgs } from "node:util";
import sharp from "sharp";
import { MAX_SIDE, MIN_SIDE } from "../../codec/image.ts";
import { MAX_EFFORT } from "../../codec/target.ts";
import { openModels } from "../../model/folder.ts";
import { bdRate } from "../measure/curve.ts";
import { hereRunner, type OwnPoint, ownCurve } from "../measure/own.ts";
import { readSet } from "../measure/sets.ts";
import { runScript, wholeOf } from "../script.ts";

const USAGE = "usage: npm run effort -- DIR [--size PIXELS] [--limit N] [--efforts 0,…]";
const QUALITIES = [30, 40, 50, 60, 70];
/** Gives faces of 42 pixels about the PSNR of our quality 50. */
const AVIF_QUALITY = 35;

interface Wish {
  readonly folder: string;
  readonly size: number;
  readonly limit: number;
  readonly efforts: readonly number[];
}

await runScript(USAGE, parse, run);

function parse(): Wish {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      size: { type: "string", default: "42" },
      limit: { type: "string", default: "6" },
      efforts: { type: "string", default: "0,3,6,9" },
    },
  });
  const [folder] = positionals;
  if (folder === undefined || positionals.length > 1)
    throw new RangeError(`expected one folder of images, got ${positionals.length}`);
  const efforts = values.efforts.split(",").map((effort) => wholeOf("efforts", effort, 0, MAX_EFFORT));
  if (efforts[0] !== 0) throw new RangeError(`expected --efforts that begin with 0, got ${values.efforts}`);
  return {
    folder,
    size: wholeOf("size", values.size, MIN_SIDE, MAX_SIDE),
    limit: wholeOf("limit", values.limit, 1),
    efforts,
  };
}

async function run({ folder, size, limit, efforts }: Wish): Promise<void> {
  sharp.concurrency(1);
  const pictures = await readSet({ name: "effort", folder, size, tiles: false, decibels: [] }, limit);
  const images = pictures.map(({ image }) => image);
  const models = await openModels();
  const runner = hereRunner(models, await models.choose("auto"));
  const avifSeconds = await seconds(async () => {
    for (const { width, height, data } of images) {
      await sharp(data, { raw: { width, height, channels: 3 } })
        .avif({ quality: AVIF_QUALITY, effort: 9 })
        .toBuffer();
    }
  });

  console.log(`${images.length} images of ${size}×${size}\n\neffort  bytes at equal PSNR  time, AVIF = 1`);
  const curves: OwnPoint[][] = [];
  for (const effort of efforts) {
    let points: OwnPoint[] = [];
    const took = await seconds(async () => {
      points = await ownCurve({ runner, settings: { effort, classical: true } }, images, QUALITIES);
    });
    curves.push(points);
    const saved = (bdRate(points, curves[0]!)?.rate ?? Number.NaN) * 100;
    const ratio = took / QUALITIES.length / avifSeconds;
    console.log(`${effort}       ${saved.toFixed(1).padStart(15)} %  ${ratio.toFixed(1).padStart(13)}`);
  }
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
