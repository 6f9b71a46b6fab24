import { constants, setPriority } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import sharp from "sharp";
import { type Image, laidOnWhite } from "../../codec/image.ts";
import { type Comparison, compare, METHOD, toText } from "../../evaluate/comparison.ts";
import { hashImages } from "../../evaluate/measure/cache.ts";
import type { Curve } from "../../evaluate/measure/curve.ts";
import { hereRunner, ownCurve } from "../../evaluate/measure/own.ts";
import { peerCurves } from "../../evaluate/measure/peer-curves.ts";
import { sizeOf } from "../../evaluate/measure/sets.ts";
import { PEERS } from "../../evaluate/peers/peer.ts";
import { type Progress, startProgress } from "../../evaluate/progress.ts";
import { resizeImage } from "../../image/fit.ts";
import { MAX_BYTES, readImage } from "../../image/read.ts";
import { openModels } from "../../model/folder.ts";
import { evenly } from "../../train/data/images.ts";
import { readBytes } from "../files/bytes.ts";
import { findInputs, isImageFile } from "../files/inputs.ts";
import { EXIT_FAILED, positive, usage, whole, wholes } from "../options.ts";
import { type Failure, failure, failureLine } from "../results.ts";

interface EvaluateOptions {
  readonly size?: number;
  readonly model: string;
  readonly effort: number;
  readonly classical: boolean;
  readonly qualities: readonly number[];
  readonly decibels: readonly number[];
  readonly peers: readonly string[];
  readonly limit?: number;
  readonly json?: boolean;
}

const QUALITIES = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
const DECIBELS = [27, 28.5, 30];

/** `zippynet evaluate`: rate and distortion on a set of images, beside other codecs. */
export function evaluateCommand(): Command {
  const names = PEERS.map(({ name }) => name);
  return new Command("evaluate")
    .description("Measures bytes and PSNR on images, at several qualities, beside other codecs.")
    .argument("<dir...>", "folders of images, or images")
    .option("--size <pixels>", "scale images to squares of this side (default: as they are)", whole(8, 1024))
    .option("--model <name>", "model to measure, or auto: the best for each image", "auto")
    .option("--effort <0-9>", "time to spend on better files", whole(0, 9), 0)
    .option("--no-classical", "never store an image as VP8, AV1 or VP8L")
    .option("--qualities <list>", "qualities to measure", wholes(1, 100), QUALITIES)
    .option("--decibels <list>", "PSNR at which codecs are compared", levels, DECIBELS)
    .option("--peers <list>", `codecs beside it: ${names.join(", ")}, or none`, peerNames, names)
    .option("--limit <n>", "images to take, evenly from all", whole(1, 1e9))
    .option("--json", "report as JSON")
    .action(evaluate);
}

async function evaluate(named: string[], options: EvaluateOptions, command: Command): Promise<void> {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL); // it keeps all cores busy for a while
  sharp.concurrency(1);
  const models = await openModels();
  const chosen = await models.choose(options.model);
  const { images, failures } = await readImages(named, options);
  for (const each of failures) console.error(failureLine(each));
  if (failures.length > 0) process.exitCode = EXIT_FAILED;
  if (images.length === 0) usage(command, `expected images in ${named.join(", ")}, found none`);

  const progress = startProgress();
  const runner = hereRunner(models, chosen);
  const points = await ownCurve({ runner, settings: options }, images, options.qualities, (done, total) =>
    progress.step("zippynet", done, total),
  );
  const own = { name: "zippynet", settings: `effort ${options.effort}`, points };
  const comparison: Comparison = {
    images: images.length,
    size: sizeOf(images),
    models: chosen.map(({ number, name }) => ({ number, name })),
    effort: options.effort,
    method: METHOD,
    decibels: options.decibels,
    ...compare(own, await allPeerCurves(options, images, progress), options.decibels),
  };
  progress.end();
  const text = options.json ? JSON.stringify({ ...comparison, failures }, undefined, 2) : toText(comparison);
  process.stdout.write(`${text}\n`);
}

async function readImages(
  named: readonly string[],
  { size, limit = Infinity }: EvaluateOptions,
): Promise<{ images: Image[]; failures: Failure[] }> {
  const { inputs, failures } = await findInputs(named, isImageFile);
  const images: Image[] = [];
  for (const { path } of evenly(inputs, limit)) {
    try {
      const { image } = await readImage(await readBytes(path, MAX_BYTES));
      const opaque = laidOnWhite(image);
      images.push(size === undefined ? opaque : await resizeImage(opaque, size, size));
    } catch (error) {
      failures.push(failure(path, error));
    }
  }
  return { images, failures };
}

async function allPeerCurves(
  { peers, decibels }: EvaluateOptions,
  images: readonly Image[],
  progress: Progress,
): Promise<Curve[]> {
  const hash = hashImages(images);
  const range = [Math.min(...decibels), Math.max(...decibels)] as const;
  const curves: Curve[] = [];
  for (const peer of PEERS.filter(({ name }) => peers.includes(name))) {
    let done = 0;
    const onQuality = () => progress.step(peer.name, ++done, peer.qualities.length);
    curves.push(...(await peerCurves(peer, { images, hash }, range, { onQuality })));
  }
  return curves;
}

function levels(text: string): number[] {
  return text.split(",").map((part) => positive(part.trim()));
}

function peerNames(text: string): string[] {
  if (text === "none") return [];
  const names = text.split(",").map((part) => part.trim());
  const unknown = names.find((name) => !PEERS.some((peer) => peer.name === name));
  if (unknown === undefined) return names;
  const known = PEERS.map(({ name }) => name).join(", ");
  throw new InvalidArgumentError(`expected some of ${known}, or none.`);
}
