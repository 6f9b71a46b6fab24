import { extname } from "node:path";
import { Command, Option } from "commander";
import type { Look } from "../../codec/network/architecture.ts";
import { PICTURE_FORMATS, type PictureFormat, pictureFormatOf } from "../../image/formats.ts";
import { type FileOptions, runOnFiles } from "../files/file-command.ts";
import { isZnFile } from "../files/inputs.ts";
import { destinationOf } from "../files/outputs.ts";
import { MAX_JOBS, usage, whole } from "../options.ts";
import { formatOption, lookOption } from "../picture-options.ts";

interface DecodeOptions extends FileOptions {
  readonly format: PictureFormat;
  readonly look: Look;
  readonly overwrite?: boolean;
}

/** `zippynet decode`: `.zn` files to images. */
export function decodeCommand(): Command {
  return new Command("decode")
    .description(
      "Decodes .zn files to images: a.zn becomes a.png in the output folder. Folders are searched for .zn files, however deep. Pictures that are in the output folder already are replaced, but not one that stands beside its .zn file, unless --overwrite is given: it may be the original. For one file, the picture itself may be named, and its ending decides the format: decode a.zn b.webp, or -o b.webp.",
    )
    .argument("<in...>", ".zn files and folders; - is standard input")
    .option("-o, --output <dir>", "folder of the images, made if need be, or a picture; - is standard output")
    .addOption(formatOption())
    .addOption(lookOption())
    .option("--overwrite", "replace pictures that stand beside their .zn files, too")
    .option("-j, --jobs <n>", "cores to use (default: as many as the files keep busy)", whole(1, MAX_JOBS))
    .option("--json", "report as JSON")
    .addOption(new Option("--quiet", "report failures only").conflicts("verbose"))
    .option("-v, --verbose", "report each file")
    .action(async (names: string[], options: DecodeOptions, command: Command) => {
      const { named, to } = await destinationOf(
        command,
        names,
        options,
        (name) => endingOf(name) !== undefined,
      );
      const format = (to.kind === "file" && endingOf(to.path)) || options.format;
      if (format !== options.format && command.getOptionValueSource("format") === "cli")
        usage(command, `expected a file of ${options.format}, as --format says, got ${to.path}`);
      await runOnFiles(command, options, {
        named,
        to,
        wanted: isZnFile,
        extension: `.${PICTURE_FORMATS[format].extension}`,
        sparing: !options.overwrite,
        work: { kind: "decode", format, look: options.look },
        verb: "decoded",
      });
    });
}

/** The format that a file's ending names. */
function endingOf(path: string): PictureFormat | undefined {
  return pictureFormatOf(extname(path).slice(1));
}
