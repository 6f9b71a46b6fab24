import { Command, Option } from "commander";
import type { Target } from "../codec/target.ts";
import { type BatchOptions, runBatch } from "./batch-command.ts";
import { isImageFile } from "./inputs.ts";
import { MAX_JOBS, positive, whole } from "./options.ts";

interface EncodeOptions extends BatchOptions {
  readonly model: string;
  readonly quality?: number;
  readonly psnr?: number;
  readonly maxBytes?: number;
  readonly effort: number;
  readonly classical: boolean;
}

const QUALITY = 50;

/** `zippynet encode`: images to `.zn` files. */
export function encodeCommand(): Command {
  return new Command("encode")
    .description(
      "Encodes images to .zn files: a.png becomes a.zn in the output folder. Folders are searched for images, however deep.",
    )
    .argument("<in...>", "images and folders; - is standard input")
    .option("-o, --output <dir>", "folder of the files, made if need be; - is standard output")
    .option("--model <name>", "model to encode with, or auto: the best for each image", "auto")
    .addOption(
      new Option("--quality <1-100>", `from smallest to best (default: ${QUALITY})`)
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
    .option("--no-classical", "never store a picture as VP8, AV1 or VP8L, however badly models code it")
    .option("--jobs <n>", "cores to use (default: one, or all if there are many files)", whole(1, MAX_JOBS))
    .option("--json", "report as JSON")
    .action((named: string[], options: EncodeOptions, command: Command) =>
      runBatch(command, options, {
        named,
        wanted: isImageFile,
        extension: ".zn",
        work: {
          kind: "encode",
          model: options.model,
          target: targetOf(options),
          effort: options.effort,
          classical: options.classical,
        },
        verb: "encoded",
      }),
    );
}

function targetOf({ quality, psnr, maxBytes }: EncodeOptions): Target {
  if (psnr !== undefined) return { kind: "psnr", decibels: psnr };
  if (maxBytes !== undefined) return { kind: "bytes", maxBytes };
  return { kind: "quality", quality: quality ?? QUALITY };
}
