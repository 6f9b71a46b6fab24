import { InvalidArgumentError, Option } from "commander";
import { PICTURE_FORMAT_NAMES, pictureFormatOf } from "../image/formats.ts";

/** `--format` of what is decoded. */
export function formatOption(): Option {
  return new Option("--format <format>", "of the images; jpg is jpeg")
    .default("png")
    .choices(PICTURE_FORMAT_NAMES)
    .argParser((text) => {
      const format = pictureFormatOf(text);
      if (format) return format;
      throw new InvalidArgumentError(`Allowed choices are ${PICTURE_FORMAT_NAMES.join(", ")}.`);
    });
}
