import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { type Architecture, DEFAULT_ARCHITECTURE } from "../codec/architecture.ts";
import { RESERVED_MODEL } from "../codec/container.ts";
import { ZippyNetError } from "../codec/errors.ts";
import { ORIENTATIONS } from "../codec/orientation.ts";
import { type Manifest, parseManifest } from "../model/manifest.ts";
import { modelCard } from "../train/card.ts";
import { type Checkpoint, type RunPlan, readCheckpoint } from "../train/checkpoint.ts";
import { type ImageSets, loadImages } from "../train/images.ts";
import { release } from "../train/release.ts";
import { type Budget, checkpointPath, type RunReport, train } from "../train/run.ts";
import type { Cut } from "../train/sampler.ts";
import { isFolder, startingWeights } from "../train/start.ts";
import { HOW_TO_GET_TFJS_NODE, loadTfjsNode } from "../train/tfjs-node.ts";
import type { Bits } from "../train/trainer.ts";

/** Images are kept at most at this shorter side: whole ones, and ones that patches are cut from. */
const KEPT_SIDE: Readonly<Record<Cut, number>> = { aligned: 160, patches: 768 };

interface TrainOptions {
  readonly domain: string;
  readonly out?: string;
  readonly runs: string;
  readonly number: number;
  readonly description?: string;
  readonly init?: string;
  readonly resume?: boolean;
  readonly exportOnly?: boolean;
  readonly minutes?: number;
  readonly samples?: number;
  readonly seed: number;
  readonly lr?: number;
  readonly terms?: string;
  readonly only?: "prior";
  readonly bits?: Bits;
  readonly architecture?: string;
  readonly holdout: number;
  readonly cut: Cut;
  readonly sizes?: readonly number[];
  readonly orientations?: Manifest["orientations"];
  readonly checkpointMinutes: number;
  readonly evaluateMinutes: number;
}

/** A face is worth mirroring, but not laying on its side. */
const USUAL_ORIENTATIONS = { aligned: 2, patches: 8 } as const satisfies Record<Cut, number>;
const LEARNING_RATE = 1e-3;
/** As many as the tables of an export are counted on, and some to spare. */
const IMAGES_TO_EXPORT = 300;

/** `zippynet train`. */
export function trainCommand(): Command {
  return new Command("train")
    .description("train a model for a kind of image, and export it")
    .argument("[folders...]", "folders of images, of at least 32 pixels a side (not with --resume)")
    .requiredOption("--domain <name>", "name of the model: what kind of image it is for", modelName)
    .option("--out <folder>", "folder of the exported model (default: models/NAME)")
    .option("--runs <folder>", "folder of checkpoints and logs", "runs")
    .option(
      "--number <n>",
      "number of the model in files, 0–255 but 80; 192–255 are for your own",
      modelNumber,
      192,
    )
    .option("--description <text>", "one line for the model's manifest")
    .option("--terms <text>", "terms of the data, for the model card")
    .option(
      "--init <weights>",
      "start not from noise but from these: the folder of a model, or a .safetensors file such as a checkpoint",
    )
    .option("--resume", "go on from the run's checkpoint")
    .option("--export-only", "export the run's checkpoint as it is; a run under way is not disturbed")
    .option("--minutes <m>", "minutes of training; with --resume those before it count", positive)
    .option(
      "--samples <n>",
      "images to train on, repeats counted, instead of minutes; 0 exports what --init holds",
      whole(0, 1e12),
    )
    .option("--seed <s>", "seed of starting weights and samples", whole(0, 2 ** 32 - 1), 1)
    .option("--lr <rate>", `peak learning rate (default: ${LEARNING_RATE}, or what the run had)`, positive)
    .addOption(
      new Option(
        "--only <part>",
        "train this part alone: the prior costs a fraction, and pictures stay as --init has them",
      ).choices(["prior"]),
    )
    .addOption(
      new Option(
        "--bits <which>",
        "minimise the bits of latents with noise, which are smooth, or of rounded ones, which files pay",
      ).choices(["noisy", "rounded"]),
    )
    .option(
      "--architecture <manifest>",
      "widths and blocks of the networks, from a model's manifest.json (default: those of --init's folder)",
    )
    .option("--holdout <share>", "share of the images to hold out, like 2%", share, 0.02)
    .addOption(
      new Option("--cut <how>", "aligned: whole images, barely moved; patches: from anywhere")
        .choices(["aligned", "patches"])
        .default("aligned"),
    )
    .option(
      "--sizes <pixels>",
      "sides of the samples, like 64 or 42,64: what your pictures will have (default: 32–96, half of them 42)",
      sizes,
    )
    .addOption(
      new Option(
        "--orientations <n>",
        "ways in which encoders try a picture: 2 are as it lies and mirrored, 4 upside down too, 8 on its side too (default: 2 of aligned images, 8 of patches)",
      ).argParser(orientations),
    )
    .option("--checkpoint-minutes <m>", "minutes from one checkpoint to the next", positive, 5)
    .option(
      "--evaluate-minutes <m>",
      "minutes from one look at the held-out images to the next",
      positive,
      10,
    )
    .action((folders: string[], options: TrainOptions, command: Command) => act(folders, options, command));
}

async function act(folders: readonly string[], options: TrainOptions, command: Command): Promise<void> {
  const run = join(options.runs, options.domain);
  if (!options.exportOnly && (options.minutes === undefined) === (options.samples === undefined)) {
    command.error("error: expected --minutes or --samples", { exitCode: 2 });
  }
  if ((options.exportOnly || options.resume) && folders.length > 0) {
    command.error("error: --resume and --export-only take the folders from the checkpoint", { exitCode: 2 });
  }
  const from = options.resume || options.exportOnly ? await readCheckpoint(checkpointPath(run)) : undefined;
  if (!from && folders.length === 0) command.error("error: expected folders of images", { exitCode: 2 });
  if (!(await loadTfjsNode())) throw new ZippyNetError("bad-option", HOW_TO_GET_TFJS_NODE);
  const plan: RunPlan = from
    ? { ...from.plan, ...(options.bits && { bits: options.bits }) }
    : {
        folders: folders.map((folder) => resolve(folder)),
        architecture: await architectureOf(options),
        seed: options.seed,
        cut: options.cut,
        heldOut: options.holdout,
        rate: options.lr ?? LEARNING_RATE,
        ...(options.sizes && { sizes: options.sizes }),
        ...(options.only && { only: options.only }),
        ...(options.bits && { bits: options.bits }),
        ...(options.init && { init: basename(options.init) }),
      };
  const images = await loadWithProgress(plan, options.exportOnly ? IMAGES_TO_EXPORT : undefined);
  if (from && options.exportOnly) return exported(from, images, options);
  const stop = new AbortController();
  const onSignal = () => {
    console.error("stopping after this step; --resume goes on");
    stop.abort();
  };
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  const last = await train({
    plan,
    images,
    folder: run,
    budget: budgetOf(options),
    rate: options.lr ?? plan.rate ?? LEARNING_RATE,
    from: from ?? (await startingWeights(plan, options.init)),
    checkpointMinutes: options.checkpointMinutes,
    evaluateMinutes: options.evaluateMinutes,
    signal: stop.signal,
    onReport: show,
  });
  if (last.finished) await exported(last, images, options);
}

function budgetOf({ minutes, samples }: TrainOptions): Budget {
  return minutes === undefined ? { samples: samples! } : { minutes };
}

/** That of `--architecture`, else of the model that is started from. */
async function architectureOf({ architecture, init }: TrainOptions): Promise<Architecture> {
  const path = architecture ?? (init && (await isFolder(init)) ? join(init, "manifest.json") : undefined);
  if (!path) return DEFAULT_ARCHITECTURE;
  const json = await readFile(path, "utf8").catch((cause: unknown) => {
    const option = architecture ? "--architecture" : "--init";
    throw new ZippyNetError("bad-option", `${option}: expected a manifest at ${path}`, { cause });
  });
  return parseManifest(json).architecture;
}

async function loadWithProgress({ folders, heldOut, cut }: RunPlan, most?: number): Promise<ImageSets> {
  let shown = 0;
  return loadImages(folders, {
    heldOutShare: heldOut,
    side: KEPT_SIDE[cut],
    ...(most && { most }),
    onProgress: (done, total) => {
      if (done < total && Date.now() - shown < 1000) return;
      shown = Date.now();
      write(`decoding images: ${done} of ${total}`, done === total);
    },
  });
}

async function exported(checkpoint: Checkpoint, images: ImageSets, options: TrainOptions): Promise<void> {
  const out = options.out ?? join("models", options.domain);
  const run = join(options.runs, options.domain);
  const orientations = options.orientations ?? USUAL_ORIENTATIONS[checkpoint.plan.cut];
  const manifest = await release(out, checkpoint, images.train, {
    number: options.number,
    name: options.domain,
    orientations,
    description: options.description ?? `Images of the domain "${options.domain}"`,
    card: await modelCard(checkpoint, join(run, "log.jsonl"), {
      name: options.domain,
      orientations,
      counts: images.counts,
      ...(options.terms && { terms: options.terms }),
    }),
  });
  console.error(`model ${manifest.number} (${manifest.name}) is in ${out}`);
}

function show(report: RunReport): void {
  const { done, samples, loss, imagesPerSecond, secondsLeft, rate, heldOut } = report;
  if (heldOut) {
    for (const { size, quality, bytes, psnr } of heldOut) {
      write(
        `held out, ${size}×${size}, quality ${String(quality).padStart(3)}: ${bytes.toFixed(1)} bytes, ${psnr.toFixed(2)} dB`,
        true,
      );
    }
  }
  if (!Number.isFinite(loss)) return;
  const left = Number.isFinite(secondsLeft) ? `${Math.ceil(secondsLeft / 60)} min left` : "";
  write(
    `${(done * 100).toFixed(1)} %  ${samples} samples  loss ${loss.toFixed(3)}  rate ${rate.toExponential(1)}  ${imagesPerSecond.toFixed(0)} images/s  ${left}`,
    false,
  );
}

/** A line that the next one replaces on a terminal, unless it is to stay. */
function write(line: string, stays: boolean): void {
  if (!process.stderr.isTTY) process.stderr.write(`${line}\n`);
  else process.stderr.write(`\r\x1b[K${line}${stays ? "\n" : ""}`);
}

function modelName(value: string): string {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(value)) {
    throw new InvalidArgumentError("expected small letters, digits and hyphens.");
  }
  return value;
}

function sizes(value: string): number[] {
  const sides = value.split(",").map(Number);
  if (!sides.every((side) => Number.isInteger(side) && side >= 32 && side <= 128)) {
    throw new InvalidArgumentError("expected whole numbers of 32–128, with commas between.");
  }
  return sides;
}

function positive(value: string): number {
  const number = Number(value);
  if (!(number > 0 && Number.isFinite(number))) throw new InvalidArgumentError("expected a number above 0.");
  return number;
}

function whole(low: number, high: number) {
  return (value: string): number => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < low || number > high) {
      throw new InvalidArgumentError(`expected a whole number of ${low}–${high}.`);
    }
    return number;
  };
}

function orientations(value: string): Manifest["orientations"] {
  const number = ORIENTATIONS.find((count) => count === Number(value));
  if (!number) throw new InvalidArgumentError(`expected one of ${ORIENTATIONS.join(", ")}.`);
  return number;
}

function modelNumber(value: string): number {
  const number = whole(0, 255)(value);
  if (number === RESERVED_MODEL) throw new InvalidArgumentError(`${RESERVED_MODEL} is reserved.`);
  return number;
}

function share(value: string): number {
  const number = value.endsWith("%") ? Number(value.slice(0, -1)) / 100 : Number(value);
  if (!(number >= 0 && number < 1)) throw new InvalidArgumentError("expected a share like 2% or 0.02.");
  return number;
}
