import { type Command, Option } from "commander";
import { DEFAULT_QUALITY, targetOf } from "../codec/target.ts";
import type { EncodeWish } from "../image/encode.ts";
import type { ChooseModels } from "../image/file-of.ts";
import type { Models } from "../model/folder.ts";
import { positive, whole } from "./options.ts";

/** Opens models when the first image asks for them: `.zn` files need none. */
export function chooser(model: string): ChooseModels {
  let models: Promise<Models> | undefined;
  return async () => {
    models ??= import("../model/folder.ts").then(({ openModels }) => openModels());
    return (await models).choose(model);
  };
}

/** How to encode, as every command takes it that encodes. */
export interface EncodeOptions {
  readonly model: string;
  readonly quality?: number;
  readonly psnr?: number;
  readonly maxBytes?: number;
  readonly effort: number;
  readonly classical: boolean;
}

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
    .option("--no-classical", "never store a picture as VP8, AV1 or VP8L, however badly models code it");
}

export function wishOf(options: EncodeOptions): EncodeWish {
  return { target: targetOf(options), effort: options.effort, classical: options.classical };
}
