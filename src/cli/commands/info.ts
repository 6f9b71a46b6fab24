import { Command } from "commander";
import { type Description, describeFile } from "../../codec/format/zn-file.ts";
import { type Models, openModels } from "../../model/folder.ts";
import { readBytes, readZnBytes } from "../files/bytes.ts";
import { findInputs, isZnFile } from "../files/inputs.ts";
import { EXIT_FAILED } from "../options.ts";
import { type Failure, failure, failureLine, isFailure, printable, warnIfNone } from "../results.ts";

/** What a `.zn` file says of itself. */
interface FileInfo extends Omit<Description, "model"> {
  readonly in: string;
  readonly bytes: number;
  /** Only for latents. */
  readonly model?: {
    readonly number: number;
    /** If the model is here. */
    readonly name?: string;
  };
  readonly bitsPerPixel: number;
}

/** `zippynet info`. */
export function infoCommand(): Command {
  return new Command("info")
    .description(
      "Shows what .zn files say of themselves. Folders are searched for .zn files, however deep.\n" +
        "Of latents only the header is read; decode them to find out whether the rest is whole.",
    )
    .argument("<in...>", ".zn files and folders; - is standard input")
    .option("--json", "report as JSON")
    .action(showInfo);
}

async function showInfo(named: string[], { json }: { readonly json?: boolean }): Promise<void> {
  const { inputs, failures } = await findInputs(named, isZnFile);
  const models = await openModels().catch(() => undefined); // without the names of the models, their numbers do
  const results: (FileInfo | Failure)[] = [...failures];
  for (const { path } of inputs) {
    results.push(await infoOf(path, models).catch((error: unknown) => failure(path, error)));
  }
  warnIfNone(results, named);
  if (json) process.stdout.write(`${JSON.stringify({ files: results }, undefined, 2)}\n`);
  else results.forEach(print);
  if (results.some(isFailure)) process.exitCode = EXIT_FAILED;
}

async function infoOf(path: string, models: Models | undefined): Promise<FileInfo> {
  const bytes = await readBytes(path);
  const { model: number, ...description } = describeFile(readZnBytes(bytes));
  const name = models?.list().find((model) => model.number === number)?.name;
  return {
    in: path,
    bytes: bytes.length,
    ...description,
    ...(number !== undefined && { model: { number, ...(name !== undefined && { name }) } }),
    bitsPerPixel: Number(((bytes.length * 8) / (description.width * description.height)).toFixed(4)),
  };
}

function print(result: FileInfo | Failure): void {
  if (isFailure(result)) {
    console.error(failureLine(result));
    return;
  }
  const { in: path, bytes, width, height, kind, alpha, grey, quality, model, bitsPerPixel } = result;
  const content = model
    ? `quality ${quality}, model ${model.number} (${model.name ?? "not here"}), payload not checked`
    : kind.toUpperCase();
  console.log(
    `${printable(path)}: ${width}×${height}${grey ? " grey" : ""}${alpha ? " with alpha" : ""}, ${content}, ` +
      `${bytes} bytes, ${bitsPerPixel.toFixed(2)} bits a pixel`,
  );
}
