import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { PICTURE_FORMATS, type PictureFormat } from "../../image/formats.ts";
import { latentsKey } from "../../service/aws/keys.ts";
import { EXIT_FAILED, usage } from "../exit.ts";
import { formatOption } from "../format-option.ts";
import { MAX_JOBS, whole } from "../options.ts";
import { type Failure, failure } from "../results.ts";
import { eachLatents, type ListedLatents } from "../s3/each-latents.ts";
import { exportPath } from "../s3/export-path.ts";
import type { ObjectTask } from "../s3/object-work.ts";
import { type Place, place, s3Url, useBucket } from "../s3/s3-location.ts";
import { countText } from "../s3/summary.ts";

interface ExportOptions {
  readonly output: string;
  readonly format: PictureFormat;
  readonly jobs?: number;
  readonly json?: boolean;
}

/** `zippynet export`: a bucket of latents to a folder of ordinary images. */
export function exportCommand(): Command {
  return new Command("export")
    .description(
      "Decodes all latents of a bucket to image files, named by their upload's key and the format: a/b.jpg.zn becomes a/b.jpg.png. " +
        "It may be interrupted and started again: files newer than their latents are passed over.",
    )
    .argument("<latents>", "where the latents are: s3://bucket/prefix", place)
    .requiredOption("-o, --output <dir>", "folder of the images, made if need be")
    .addOption(formatOption())
    .option("-j, --jobs <n>", "cores to use (default: all)", whole(1, MAX_JOBS))
    .option("--json", "report as JSON")
    .action(exportAll);
}

async function exportAll(where: Place, options: ExportOptions, command: Command): Promise<void> {
  const { output, format } = options;
  if ((await stat(output).catch(() => undefined))?.isDirectory() === false) {
    usage(command, `expected a folder as --output, got the file ${output}`);
  }
  await useBucket(where.bucket, {});
  const unnamed: Failure[] = [];
  const task = async ({ key, modified }: ListedLatents): Promise<ObjectTask | undefined> => {
    let file: string;
    try {
      file = join(output, exportPath(key, `.${PICTURE_FORMATS[format].extension}`));
    } catch (error) {
      unnamed.push(failure(s3Url(where.bucket, latentsKey(key)), error));
      return undefined;
    }
    const there = await stat(file).catch(() => undefined);
    return there && there.mtime >= modified ? undefined : { do: "export", key, file, format };
  };
  const tally = await eachLatents(where, options.jobs ?? availableParallelism(), task);
  for (const { in: path, error } of unnamed) console.error(`zippynet: ${path}: ${error.message}`);
  const exported = tally.of("exported");
  const current = tally.of("current") - unnamed.length;
  const failed = tally.failed + unnamed.length;
  if (options.json) {
    const failures = [...tally.failures, ...unnamed];
    process.stdout.write(`${JSON.stringify({ exported, current, failed, failures }, undefined, 2)}\n`);
  } else {
    console.log(
      `${countText(exported, "image")} written to ${output}, ${current.toLocaleString("en")} there already` +
        `${failed ? `, ${failed.toLocaleString("en")} failed` : ""}`,
    );
  }
  if (failed > 0) process.exitCode = EXIT_FAILED;
}
