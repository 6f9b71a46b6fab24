import { Command, Option } from "commander";
import { toInline } from "../../codec/format/base64url.ts";
import { type Description, describeFile, readZn } from "../../codec/format/zn-file.ts";
import { type ChooseModels, znFileOf } from "../../image/file-of.ts";
import { readBytes } from "../files/bytes.ts";
import { findInputs, isImageFile, isZnFile } from "../files/inputs.ts";
import { chooser, type EncodeOptions, EXIT_FAILED, wishOf, withEncodeOptions } from "../options.ts";
import { type Failure, failure, failureLine, isFailure, warnIfNone } from "../results.ts";

const FORMS = ["base64url", "json", "tag"] as const;
type Form = (typeof FORMS)[number];

interface InlineOptions extends EncodeOptions {
  readonly as: Form;
}

/** A picture as text, with what a page needs to show it. */
interface Inline extends Pick<Description, "kind" | "width" | "height"> {
  readonly in: string;
  readonly bytes: number;
  readonly inline: string;
}

/** `zippynet inline`: pictures as text for HTML and JSON. */
export function inlineCommand(): Command {
  const command = new Command("inline")
    .description("Prints images, or .zn files as they are, as text to put into HTML or JSON: one line each.")
    .argument("<in...>", "images, .zn files and folders of both; - is standard input")
    .addOption(
      new Option("--as <form>", "the text alone, JSON with sizes, or a ready tag")
        .choices(FORMS)
        .default("base64url"),
    );
  return withEncodeOptions(command).action(printInline);
}

async function printInline(named: string[], options: InlineOptions): Promise<void> {
  const wanted = (path: string): boolean | Promise<boolean> => isZnFile(path) || isImageFile(path);
  const { inputs, failures } = await findInputs(named, wanted);
  const choose = chooser(options);
  const results: (Inline | Failure)[] = [...failures];
  failures.forEach(complain);
  for (const { path } of inputs) {
    const result = await inlineOf(path, choose, options).catch((error: unknown) => failure(path, error));
    results.push(result);
    if (isFailure(result)) complain(result);
    else if (options.as !== "json")
      process.stdout.write(`${options.as === "tag" ? tag(result) : result.inline}\n`);
  }
  warnIfNone(results, named);
  if (options.as === "json") process.stdout.write(`${JSON.stringify({ files: results }, undefined, 2)}\n`);
  if (results.some(isFailure)) process.exitCode = EXIT_FAILED;
}

async function inlineOf(path: string, choose: ChooseModels, options: InlineOptions): Promise<Inline> {
  const file = await znFileOf(await readBytes(path), choose, wishOf(options));
  const { kind, width, height } = describeFile(readZn(file));
  return { in: path, kind, width, height, bytes: file.length, inline: toInline(file) };
}

/** base64url needs no escaping in an attribute. The author of the page knows what belongs into `alt`. */
function tag({ inline, width, height }: Inline): string {
  return `<zippy-img src="${inline}" width="${width}" height="${height}" alt=""></zippy-img>`;
}

function complain(failure: Failure): void {
  console.error(failureLine(failure));
}
