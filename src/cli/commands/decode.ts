import { Command, Option } from "commander";
import { PICTURE_FORMAT_NAMES, PICTURE_FORMATS, type PictureFormat } from "../../image/formats.ts";
import { type BatchOptions, runBatch } from "../files/batch-command.ts";
import { isZnFile } from "../files/inputs.ts";
import { MAX_JOBS, whole } from "../options.ts";

interface DecodeOptions extends BatchOptions {
  readonly format: PictureFormat;
  readonly overwrite?: boolean;
}

/** `zippynet decode`: `.zn` files to images. */
export function decodeCommand(): Command {
  return new Command("decode")
    .description(
      "Decodes .zn files to images: a.zn becomes a.png in the output folder. Folders are searched for .zn files, however deep. Pictures that are in the output folder already are replaced, but not one that stands beside its .zn file, unless --overwrite is given: it may be the original.",
    )
    .argument("<in...>", ".zn files and folders; - is standard input")
    .option("-o, --output <dir>", "folder of the images, made if need be; - is standard output")
    .addOption(new Option("--format <format>", "of the images").choices(PICTURE_FORMAT_NAMES).default("png"))
    .option("--overwrite", "replace pictures that stand beside their .zn files, too")
    .option("--jobs <n>", "cores to use (default: as many as the files keep busy)", whole(1, MAX_JOBS))
    .option("--json", "report as JSON")
    .action((named: string[], options: DecodeOptions, command: Command) =>
      runBatch(command, options, {
        named,
        wanted: isZnFile,
        extension: `.${PICTURE_FORMATS[options.format].extension}`,
        sparing: !options.overwrite,
        work: { kind: "decode", format: options.format },
        verb: "decoded",
      }),
    );
}
