import { Command } from "commander";
import { type EncodeOptions, wishOf, withEncodeOptions } from "../encode-options.ts";
import { type BatchOptions, runBatch } from "../files/batch-command.ts";
import { isImageFile } from "../files/inputs.ts";
import { MAX_JOBS, whole } from "../options.ts";

/** `zippynet encode`: images to `.zn` files. */
export function encodeCommand(): Command {
  const command = new Command("encode")
    .description(
      "Encodes images to .zn files: a.png becomes a.zn in the output folder. Folders are searched for images, however deep.",
    )
    .argument("<in...>", "images and folders; - is standard input")
    .option("-o, --output <dir>", "folder of the files, made if need be; - is standard output");
  return withEncodeOptions(command)
    .option("--jobs <n>", "cores to use (default: as many as the files keep busy)", whole(1, MAX_JOBS))
    .option("--json", "report as JSON")
    .action((named: string[], options: BatchOptions & EncodeOptions, command: Command) =>
      runBatch(command, options, {
        named,
        wanted: isImageFile,
        extension: ".zn",
        work: { kind: "encode", model: options.model, ...wishOf(options) },
        verb: "encoded",
      }),
    );
}
