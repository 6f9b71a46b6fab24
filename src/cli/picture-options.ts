import { InvalidArgumentError, Option } from "commander";
import { LOOKS } from "../codec/network/architecture.ts";
import { PICTURE_FORMAT_NAMES, pictureFormatOf } from "../image/formats.ts";

/** `--look` of what is decoded. */
export function lookOption(): Option {
  return new Option(
    "--look <look>",
    "of models that have one: natural is sharper to the eye and invents detail",
  )
    .default("faithful")
    .choices(LOOKS);
}

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
