import { type Command, InvalidArgumentError, Option } from "commander";
import { RESERVED_MODEL } from "../codec/format/latents-file.ts";
import { ORIENTATIONS } from "../codec/orientation.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Bits, Cut } from "../train/plan.ts";
import { positive, whole, wholes } from "./options.ts";
import { usage } from "./usage.ts";

export interface TrainOptions {
  readonly domain: string;
  readonly out?: string;
  readonly runs: string;
  readonly number?: number;
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

/** What a run is about is settled when it starts, and its checkpoint knows. */
const SETTLED = ["seed", "cut", "sizes", "holdout", "only", "init", "architecture"] as const;
/** What only training asks for. */
const OF_TRAINING = ["minutes", "samples", "lr", "bits", "checkpointMinutes", "evaluateMinutes"] as const;

/** Peak, unless told. */
export const LEARNING_RATE = 1e-3;

/** Adds what `train` can be told to its command. */
export function withTrainOptions(command: Command): Command {
  return command
    .requiredOption("--domain <name>", "name of the model: what kind of image it is for", modelName)
    .option("--out <folder>", "folder of the exported model (default: NAME beside the other models)")
    .option("--runs <folder>", "folder of checkpoints and logs", "runs")
    .option(
      "--number <n>",
      "number of the model in files, 0–255 but 80; 192–255 are for your own (default: that of the model it replaces, or the first of yours that is free)",
      modelNumber,
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
      wholes(32, 128),
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
    );
}

/** Ends the command as wrongly called if it is told what it would not do. */
export function refuseIgnored(command: Command, { resume, exportOnly }: TrainOptions): void {
  const told = (names: readonly (keyof TrainOptions)[]) =>
    names.filter((name) => command.getOptionValueSource(name) === "cli").map(flagOf);
  const [settled] = resume || exportOnly ? told(SETTLED) : [];
  if (settled) {
    const by = exportOnly ? "--export-only" : "--resume";
    usage(command, `expected ${by} without ${settled}, which the checkpoint has from the start of the run`);
  }
  const [ofTraining] = exportOnly ? told(OF_TRAINING) : [];
  if (ofTraining) usage(command, `expected --export-only without ${ofTraining}: it does not train`);
}

/** `checkpointMinutes` → `--checkpoint-minutes`. */
function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function modelName(value: string): string {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(value)) {
    throw new InvalidArgumentError("expected small letters, digits and hyphens.");
  }
  return value;
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
  const isPercentage = value.endsWith("%");
  const digits = isPercentage ? value.slice(0, -1) : value;
  const number = digits.trim() === "" ? Number.NaN : Number(digits) / (isPercentage ? 100 : 1);
  if (!(number >= 0 && number < 1)) throw new InvalidArgumentError("expected a share like 2% or 0.02.");
  return number;
}
