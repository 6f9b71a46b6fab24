import { availableParallelism } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { boundsOf, parseWhole } from "../codec/errors.ts";
import type { Look } from "../codec/network/architecture.ts";
import { DEFAULT_QUALITY, targetOf } from "../codec/target.ts";
import type { EncodeWish } from "../image/encode.ts";
import type { ChooseModels } from "../image/file-of.ts";
import type { Models } from "../model/folder.ts";
import { printable } from "./results.ts";

/** A parser of whole numbers within bounds, for commander. */
export function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const number = parseWhole(text, low, high);
    if (number === undefined)
      throw new InvalidArgumentError(`expected a whole number of ${boundsOf(low, high)}.`);
    return number;
  };
}

/** A parser of numbers above 0. */
export function positive(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number) || number <= 0) {
    throw new InvalidArgumentError("expected a number above 0.");
  }
  return number;
}

/** A parser of lists such as `1,25,50`, of whole numbers within bounds. */
export function wholes(low: number, high: number): (text: string) => number[] {
  return (text) => text.split(",").map((part) => whole(low, high)(part.trim()));
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A parser of spans such as `90s`, `15m`, `1h`, `7d`, up to a year, into seconds. */
export function duration(text: string): number {
  const [, number, unit] = /^(\d{1,8})([smhd])$/.exec(text) ?? [];
  const seconds = Number(number) * SECONDS[unit as keyof typeof SECONDS];
  if (!(seconds > 0) || seconds > 365 * SECONDS.d) {
    throw new InvalidArgumentError("expected a time of 1s–365d, such as 90s, 15m, 1h or 7d.");
  }
  return seconds;
}

export const MAX_JOBS = 256;

/**
 * The number of files that take as long as the start of a thread with its models, at effort 0; the factor of each
 * further effort; and the factor of a target, which is found by several tries.
 */
const STARTS_PAY = 256;
const EFFORT_GROWTH = 1.6;
const TRIES = 8;

/** The usual number of jobs: as many as save more time than their start takes. */
export function defaultJobs(inputs: number, { effort = 0, tries = false } = {}): number {
  const worth = Math.max(1, STARTS_PAY / EFFORT_GROWTH ** effort / (tries ? TRIES : 1));
  return Math.max(1, Math.min(availableParallelism(), Math.floor(inputs / worth)));
}

/** Some input failed; the rest is done. */
export const EXIT_FAILED = 1;
/** The command was called wrongly; nothing was done. */
export const EXIT_USAGE = 2;

/** Ends the command as wrongly called. */
export function usage(command: Command, message: string): never {
  command.error(`error: ${printable(message)}`, { exitCode: EXIT_USAGE });
}

/** Opens the models for the first image. `.zn` files need none. */
export function chooser({ model, tune }: Pick<EncodeOptions, "model" | "tune">): ChooseModels {
  let models: Promise<Models> | undefined;
  return async () => {
    models ??= import("../model/folder.ts").then(({ openModels }) => openModels());
    return (await models).choose(model, tune);
  };
}

/** The options of every command that encodes. */
export interface EncodeOptions {
  readonly model: string;
  readonly quality?: number;
  readonly psnr?: number;
  readonly maxBytes?: number;
  readonly effort: number;
  readonly classical: boolean;
  readonly tune: Look;
}

/** All looks. They are named here, because a command loads no networks before it has been understood. */
const TUNES = ["faithful", "natural"] as const satisfies readonly Look[];

export function withEncodeOptions(command: Command): Command {
  return command
    .option(
      "--model <names>",
      "models to choose from for each image, like faces,faces-64; auto: all that are free to use",
      "auto",
    )
    .addOption(
      new Option("-q, --quality <1-100>", `from smallest to best (default: ${DEFAULT_QUALITY})`)
        .argParser(whole(1, 100))
        .conflicts(["psnr", "maxBytes"]),
    )
    .addOption(
      new Option("--psnr <db>", "the smallest file of at least so many decibels")
        .argParser(positive)
        .conflicts("maxBytes"),
    )
    .option("--max-bytes <n>", "the best picture in at most so many bytes", whole(1, 1e9))
    .option("--effort <0-9>", "time to spend on better files", whole(0, 9), 0)
    .addOption(
      new Option("--tune <look>", "the look that the search of effort 2 and more aims at")
        .default("faithful")
        .choices(TUNES),
    )
    .option("--no-classical", "never store a picture as VP8, AV1 or VP8L, however badly models code it");
}

export function wishOf(options: EncodeOptions): EncodeWish {
  return { target: targetOf(options), effort: options.effort, classical: options.classical };
}
