/**
 * `npm run bench [-- --json] [--rounds N]`: times of ZippyNet, each as a ratio to sharp's AVIF at the same job in the
 * same run. One core: our kernel has no threads, and sharp is held to one. All tasks take turns, so that what else the
 * machine does falls on all alike, and medians are compared. Milliseconds mean little, ratios something.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { decodeImage } from "../../codec/decode.ts";
import type { Image } from "../../codec/image.ts";
import type { Model } from "../../codec/model.ts";
import { encodePicture } from "../../image/encode.ts";
import { resizeImage } from "../../image/fit.ts";
import { readImage } from "../../image/read.ts";
import { openModels } from "../../model/folder.ts";
import { runScript, wholeOf } from "../script.ts";
import { coldStarts, handlerRows } from "./functions.ts";
import { type Row, rowOf } from "./rows.ts";
import { timeTrainingStep } from "./training-step.ts";

/** A job of ours and the same job of AVIF's. */
interface Pair {
  readonly name: string;
  /** Images of one call. */
  readonly images: number;
  readonly ours: () => unknown;
  readonly theirs: () => Promise<unknown>;
}

const SIDES = [42, 64];
const BATCH = 16;
const QUALITY = 50;
/** Gives faces of 42 pixels about the PSNR of our quality 50. */
const AVIF_QUALITY = 35;

const USAGE = "usage: npm run bench [-- --json] [--rounds N]";

interface Wish {
  readonly json: boolean;
  readonly rounds: number;
}

await runScript(USAGE, parse, run);

function parse(): Wish {
  const { values } = parseArgs({
    options: { json: { type: "boolean", default: false }, rounds: { type: "string", default: "15" } },
  });
  return { json: values.json, rounds: wholeOf("rounds", values.rounds, 1) };
}

async function run({ json, rounds }: Wish): Promise<void> {
  sharp.concurrency(1);
  const model = await (await openModels()).default();
  const { image: face } = await readImage(
    readFileSync(new URL("../../../test/images/face-pearls-64.png", import.meta.url)),
  );
  const pairs: Pair[] = [];
  for (const side of SIDES) pairs.push(...(await pairsOf(model, await resizeImage(face, side, side))));
  const rows = await time(pairs, rounds);
  const starts = Math.max(3, Math.ceil(rounds / 3));
  rows.push(...(await coldStarts(starts)), ...(await handlerRows(starts)));
  const training = await timeTrainingStep();
  if (training) {
    const encode = rows.find(({ name }) => name === "encode 42×42")!;
    rows.push({
      name: "training step, 42×42, an image",
      ours: training,
      avif: encode.avif,
      ratio: training / encode.avif,
    });
  }
  if (json)
    console.log(JSON.stringify({ quality: QUALITY, avifQuality: AVIF_QUALITY, rounds, rows }, undefined, 2));
  else print(rows);
}

/** Encoding and decoding one image, and the same image many times. */
async function pairsOf(model: Model, image: Image): Promise<Pair[]> {
  const { width, height, data } = image;
  const size = `${width}×${height}`;
  const encodeAvif = () =>
    sharp(data, { raw: { width, height, channels: 3 } })
      .avif({ quality: AVIF_QUALITY, effort: 9 })
      .toBuffer();
  const avif = await encodeAvif();
  const decodeAvif = () => sharp(avif).raw().toBuffer();
  const batch = Array.from({ length: BATCH }, () => image);
  const encode = (images: readonly Image[]): Promise<Uint8Array[]> =>
    Promise.all(
      images.map(async (one) => {
        const wish = { target: { kind: "quality", quality: QUALITY }, effort: 0 } as const;
        const { kind, file } = await encodePicture([model], one, wish);
        if (kind !== "latents") throw new Error(`expected latents, got ${kind}`);
        return file;
      }),
    );
  const files = await encode(batch);
  const pair = (name: string, images: number, ours: Pair["ours"], theirs: Pair["theirs"]): Pair => ({
    name,
    images,
    ours,
    theirs,
  });
  return [
    pair(`encode ${size}`, 1, () => encode([image]), encodeAvif),
    pair(`encode ${size}, ${BATCH} at once`, BATCH, () => encode(batch), encodeAvif),
    pair(`decode ${size}`, 1, () => decodeImage(model, files[0]!), decodeAvif),
    pair(
      `decode ${size}, ${BATCH} at once`,
      BATCH,
      () => files.map((file) => decodeImage(model, file)),
      decodeAvif,
    ),
  ];
}

/** Medians over rounds in which every job has its turn, after one round that does not count. */
async function time(pairs: readonly Pair[], rounds: number): Promise<Row[]> {
  const times = pairs.map(() => ({ ours: [] as number[], avif: [] as number[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { images, ours, theirs }] of pairs.entries()) {
      const began = performance.now();
      await ours();
      const between = performance.now();
      await theirs();
      const ended = performance.now();
      if (round === 0) continue;
      times[i]!.ours.push((between - began) / images);
      times[i]!.avif.push(ended - between);
    }
  }
  return pairs.map(({ name }, i) => rowOf(name, times[i]!.ours, times[i]!.avif));
}

function print(rows: readonly Row[]): void {
  const width = Math.max(...rows.map(({ name }) => name.length));
  console.log(`${"".padEnd(width)}  ZippyNet ms   AVIF ms     ratio`);
  for (const { name, ours, avif, ratio } of rows) {
    const cells = [ours.toFixed(2).padStart(11), avif.toFixed(2).padStart(9), ratio.toFixed(2).padStart(9)];
    console.log(`${name.padEnd(width)}  ${cells.join(" ")}`);
  }
  console.log(
    `\none core, medians; encode and decode an image at quality ${QUALITY}, AVIF at quality ${AVIF_QUALITY} and effort 9; a cold start ` +
      `loads a handler's bundle and model in a new process, beside sharp and one AVIF of 42×42; a training step beside encoding; ` +
      `the decode function beside what its name says, with S3 on this machine`,
  );
}
