import { Command, Option } from "commander";
import { type FileOptions, runOnFiles } from "../files/file-command.ts";
import { isImageFile, isZnFile } from "../files/inputs.ts";
import { destinationOf } from "../files/outputs.ts";
import { type EncodeOptions, MAX_JOBS, whole, wishOf, withEncodeOptions } from "../options.ts";

/** `zippynet encode`: images to `.zn` files. */
export function encodeCommand(): Command {
  const command = new Command("encode")
    .description(
      "Encodes images to .zn files: a.png becomes a.zn in the output folder. Folders are searched for images, however deep. For one image, the file itself may be named: encode a.png b.zn, or -o b.zn.",
    )
    .argument("<in...>", "images and folders; - is standard input")
    .option(
      "-o, --output <dir>",
      "folder of the files, made if need be, or a .zn file; - is standard output",
    );
  return withEncodeOptions(command)
    .option("-j, --jobs <n>", "cores to use (default: as many as the files keep busy)", whole(1, MAX_JOBS))
    .option("--json", "report as JSON")
    .addOption(new Option("--quiet", "report failures only").conflicts("verbose"))
    .option("-v, --verbose", "report each file")
    .action(async (names: string[], options: FileOptions & EncodeOptions, command: Command) => {
      const { named, to } = await destinationOf(command, names, options, isZnFile);
      await runOnFiles(command, options, {
        named,
        to,
        wanted: isImageFile,
        extension: ".zn",
        work: { kind: "encode", model: options.model, tune: options.tune, ...wishOf(options) },
        verb: "encoded",
      });
    });
}
