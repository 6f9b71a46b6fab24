import { type Command, InvalidArgumentError, Option } from "commander";
import { RESERVED_MODELS } from "../../codec/format/latents-file.ts";
import { ORIENTATIONS } from "../../codec/image.ts";
import { LOOKS, type Look } from "../../codec/network/architecture.ts";
import type { Manifest } from "../../model/manifest.ts";
import {
  BATCH,
  type Bits,
  type Cut,
  ENGINE,
  ENGINES,
  type EngineName,
  FLAT,
  LEARNING_RATE,
  LOOK_RATE,
  NOT_STATED,
  type Sampling,
} from "../../train/plan.ts";
import { positive, whole } from "../options.ts";

export interface TrainOptions extends Sampling {
  readonly domain?: string;
  readonly recipe?: string;
  readonly data?: string;
  /** What is asked for; else the checkpoint says it, or the recipe. */
  readonly engine?: EngineName;
  readonly processes: number;
  readonly out?: string;
  readonly runs: string;
  readonly number?: number;
  readonly description?: string;
  readonly init?: string;
  readonly look?: Exclude<Look, "faithful">;
  readonly mse: number;
  readonly identity: number;
  readonly critic: number;
  readonly carry?: string;
  readonly keep: number;
  readonly strength: number;
  readonly resume?: boolean;
  readonly exportOnly?: boolean;
  readonly minutes?: number;
  readonly samples?: number;
  readonly seed: number;
  readonly lr?: number;
  readonly flat?: number;
  readonly terms: string;
  readonly licence: string;
  readonly attribution: string;
  readonly research: boolean;
  readonly only?: "prior";
  readonly bits?: Bits;
  readonly architecture?: string;
  readonly holdout: number;
  readonly orientations?: Manifest["orientations"];
  readonly checkpointMinutes: number;
  readonly evaluateMinutes: number;
}

/** Adds the options of `train` to its command. */
export function withTrainOptions(command: Command): Command {
  return withRecipe(withLook(withSamples(withRun(withModel(command)))));
}

function withModel(command: Command): Command {
  return command
    .optionsGroup("The model:")
    .option("--domain <name>", "name of the model: what kind of image it is for", modelName)
    .option("--out <folder>", "folder of the exported model (default: NAME beside the other models)")
    .option(
      "--number <n>",
      "number of the model in files, 1–255 but 80; 192–255 are for your own (default: that of the model it replaces, or the first of yours that is free)",
      modelNumber,
    )
    .option("--description <text>", "one line for the model's manifest")
    .option("--terms <text>", "terms of the data, for the model card", "those of the data")
    .option(
      "--licence <spdx>",
      "terms of the weights: an SPDX expression or a URL; of a look, by default those of its model",
      NOT_STATED,
    )
    .option("--attribution <text>", "whom the data's licences ask to name", "")
    .option(
      "--research",
      "the terms allow research alone: encoders take the model only when it is named",
      false,
    )
    .addOption(
      new Option(
        "--orientations <n>",
        "ways in which encoders try a picture: 2 are upright and mirrored, 4 also upside down, 8 also on its side (default: 2 of aligned images, 8 of patches)",
      ).argParser(orientations),
    );
}

function withRun(command: Command): Command {
  return command
    .optionsGroup("The run:")
    .option("--minutes <m>", "minutes of training; with --resume those before it count", positive)
    .option(
      "--samples <n>",
      "images to train on, repeats counted, instead of minutes; 0 exports what --init holds",
      whole(0, 1e12),
    )
    .option("--resume", "go on from the run's checkpoint")
    .option("--export-only", "export the run's checkpoint as it is; a run under way is not disturbed")
    .option("--runs <folder>", "folder of checkpoints and logs", "runs")
    .addOption(
      new Option(
        "--engine <which>",
        `what computes: TensorFlow in Node, or PyTorch in Python (tools/torch) (default: ${ENGINE}, or what the run or the recipe had)`,
      ).choices(ENGINES),
    )
    .option("--processes <n>", "with --engine torch: processes that share each step", whole(1, 64), 1)
    .option(
      "--init <weights>",
      "start not from noise but from these: a model by its name or folder, or a .safetensors file such as a checkpoint",
    )
    .option(
      "--architecture <manifest>",
      "widths and blocks of the networks, from a model's manifest.json (default: those of --init's folder)",
    )
    .option("--seed <s>", "seed of starting weights and samples", whole(0, 2 ** 32 - 1), 1)
    .option(
      "--lr <rate>",
      `peak learning rate (default: ${LEARNING_RATE}, or what the run had; of a look ${LOOK_RATE}, and Adam's)`,
      positive,
    )
    .option(
      "--flat <share>",
      `share of the run at the peak learning rate, before it falls (default: ${FLAT})`,
      fraction,
    )
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
    .option("--checkpoint-minutes <m>", "minutes from one checkpoint to the next", positive, 5)
    .option(
      "--evaluate-minutes <m>",
      "minutes from one look at the held-out images to the next",
      positive,
      10,
    );
}

function withSamples(command: Command): Command {
  return command
    .optionsGroup("Its samples:")
    .option("--holdout <share>", "share of the images to hold out, like 2%", share, 0.02)
    .addOption(
      new Option(
        "--cut <how>",
        "aligned: whole images, barely moved; patches: from anywhere; or one of them for each folder",
      )
        .argParser(cuts)
        .default("aligned"),
    )
    .option(
      "--sizes <pixels>",
      "sides of the samples, like 64 or 42,64, or with their shares, like 42:3,64:1: what your pictures will have (default: 32–96, half of them 42)",
      sizesAndShares,
    )
    .option("--batch <n>", `images of 42×42 a step, fewer of larger ones (default: ${BATCH})`, whole(1, 1e5))
    .option(
      "--shares <list>",
      "shares of the folders among the samples, like 3,1 (default: by their images)",
      numbers,
    )
    .option(
      "--whole <share>",
      "of aligned images, share of the samples that are whole; the others are patches",
      fraction,
    )
    .option(
      "--middle <share>",
      "share of the samples at qualities 26 to 79; the others are at all of them",
      fraction,
    )
    .option("--colour <share>", "scale and shift the samples' colours by up to this much", fraction)
    .option("--grey <share>", "share of the samples that lose their colour", fraction);
}

function withLook(command: Command): Command {
  return command
    .optionsGroup("A look, a further decoder of a model:")
    .addOption(
      new Option(
        "--look <look>",
        "with --engine torch: train a further decoder for the files of the model that --init names, and add it there",
      ).choices(LOOKS.slice(1)),
    )
    .option("--mse <weight>", "with --look: how much it counts that pixels stay right", weight, 0.013)
    .option(
      "--identity <weight>",
      "with --look: how much it counts that a face stays the same person",
      weight,
      0,
    )
    .option("--critic <weight>", "with --look: how much the adversary counts", weight, 0.015)
    .option(
      "--carry <model>",
      "with --look: begin with what the look of this model changed, from whose weights that of --init was trained on",
    )
    .option("--keep <share>", "with --carry: how much of that look stays in the result", share, 0)
    .option("--strength <share>", "with --look: how much of what it changed counts in the end", share, 1);
}

function withRecipe(command: Command): Command {
  return command
    .optionsGroup("A recipe, which makes a model again:")
    .option(
      "--recipe <file>",
      "make a model again from its recipe.json, all stages of it; the same command goes on if it is stopped",
    )
    .option("--data <folder>", "with --recipe: the folder of its sets, as NAME.tar or as folders NAME");
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
  const number = whole(1, 255)(value);
  if (number === RESERVED_MODELS.png) throw new InvalidArgumentError(`${number} is reserved.`);
  return number;
}

function cuts(value: string): Cut | Cut[] {
  const all = value.split(",").map((part) => {
    if (part === "aligned" || part === "patches") return part;
    throw new InvalidArgumentError('expected "aligned", "patches", or one of them for each folder.');
  });
  return all.length === 1 ? all[0]! : all;
}

function sizesAndShares(value: string): [number, number][] {
  return value.split(",").map((part) => {
    const [size, share] = part.split(":") as [string, string?];
    return [whole(32, 128)(size.trim()), share === undefined ? 1 : positive(share)];
  });
}

function numbers(value: string): number[] {
  return value.split(",").map(positive);
}

/** A share of 0–1, including 1. */
function fraction(value: string): number {
  return value === "1" || value === "100%" ? 1 : share(value);
}

function weight(value: string): number {
  const number = value.trim() === "" ? Number.NaN : Number(value);
  if (!(number >= 0 && number < 1e3)) throw new InvalidArgumentError("expected a number of 0 or more.");
  return number;
}

function share(value: string): number {
  const isPercentage = value.endsWith("%");
  const digits = isPercentage ? value.slice(0, -1) : value;
  const number = digits.trim() === "" ? Number.NaN : Number(digits) / (isPercentage ? 100 : 1);
  if (!(number >= 0 && number < 1)) throw new InvalidArgumentError("expected a share like 2% or 0.02.");
  return number;
}
