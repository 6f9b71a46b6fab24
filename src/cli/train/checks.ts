import type { Command } from "commander";
import type { Budget } from "../../train/plan.ts";
import { usage } from "../options.ts";
import type { TrainOptions } from "./options.ts";

/** Options that are fixed when a run starts. Its checkpoint holds them. */
const SAMPLING = ["cut", "sizes", "batch", "shares", "whole", "middle", "colour", "grey"] as const;
const SETTLED = ["seed", ...SAMPLING, "holdout", "only", "init", "architecture"] as const;
/** Options that only training uses. */
const OF_TRAINING = [
  "processes",
  "minutes",
  "samples",
  "lr",
  "flat",
  "bits",
  "checkpointMinutes",
  "evaluateMinutes",
] as const;
/** Options that only a look uses. */
const OF_LOOK = ["mse", "identity", "critic", "carry", "keep", "strength"] as const;
/** Options that a look does not use: it goes into the model that is there. */
const NOT_OF_LOOK = [
  ...["domain", "out", "number", "description", "orientations", "resume", "exportOnly"],
  ...["flat", "bits", "only", "architecture", "processes"],
] as (keyof TrainOptions)[];
/** Options that a recipe has. */
const OF_RECIPE = [
  ...SETTLED,
  ...["minutes", "samples", "lr", "flat", "bits", "domain", "number", "description", "terms"],
  ...["licence", "attribution", "research", "orientations", "resume"],
] as (keyof TrainOptions)[];

/** Ends the command as wrongly called unless either minutes or samples are given; an export needs neither. */
export function budgetOf(command: Command, { minutes, samples, exportOnly }: TrainOptions): Budget {
  if (!exportOnly && (minutes === undefined) === (samples === undefined)) {
    usage(command, "expected --minutes or --samples");
  }
  return minutes === undefined ? { samples: samples ?? 0 } : { minutes };
}

/** Ends the command as wrongly called if it has options that it would ignore. */
export function refuseIgnored(command: Command, options: TrainOptions): void {
  const { recipe, look, carry, resume, exportOnly, engine } = options;
  const refuse = (names: readonly (keyof TrainOptions)[], message: (flag: string) => string): void => {
    const first = names.find((name) => command.getOptionValueSource(name) === "cli");
    if (first) usage(command, message(flagOf(first)));
  };
  if (!look) refuse(OF_LOOK, (flag) => `expected ${flag} with --look`);
  if (exportOnly) refuse(OF_TRAINING, (flag) => `expected --export-only without ${flag}: it does not train`);
  if (recipe) {
    refuse(["look"], (flag) => `expected --recipe without ${flag}`);
    refuse(OF_RECIPE, (flag) => `expected --recipe without ${flag}, which the recipe has`);
    return;
  }
  refuse(["data"], (flag) => `expected ${flag} with --recipe`);
  if (carry === undefined) refuse(["keep"], (flag) => `expected ${flag} with --carry`);
  if (look) refuse(NOT_OF_LOOK, (flag) => `expected --look without ${flag}, which it does not use`);
  const isKnown = !resume || engine !== undefined; // else the checkpoint says it
  if (isKnown && engine !== "torch") refuseProcesses(command);
  if (resume || exportOnly) {
    const by = exportOnly ? "--export-only" : "--resume";
    const why = "which the checkpoint has from the start of the run";
    refuse(SETTLED, (flag) => `expected ${by} without ${flag}, ${why}`);
  }
}

/** Ends the command as wrongly called if it asks for processes, which TensorFlow does not have. */
export function refuseProcesses(command: Command): void {
  if (command.getOptionValueSource("processes") !== "cli") return;
  usage(command, "expected --processes with --engine torch");
}

/** `checkpointMinutes` → `--checkpoint-minutes`. */
function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
