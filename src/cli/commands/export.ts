import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { ZippyNetError } from "../../codec/errors.ts";
import type { Look } from "../../codec/network/architecture.ts";
import { PICTURE_FORMATS, type PictureFormat } from "../../image/formats.ts";
import { latentsKey } from "../../service/aws/keys.ts";
import { EXIT_FAILED, MAX_JOBS, usage, whole } from "../options.ts";
import { formatOption, lookOption } from "../picture-options.ts";
import { type Failure, failure, failureLine } from "../results.ts";
import { eachLatents, type ListedLatents } from "../s3/each-latents.ts";
import type { ObjectTask } from "../s3/object-work.ts";
import { type Place, place, s3Url, useBucket } from "../s3/s3-location.ts";
import { countText } from "../s3/summary.ts";

interface ExportOptions {
  readonly output: string;
  readonly format: PictureFormat;
  readonly look: Look;
  readonly overwrite?: boolean;
  readonly jobs?: number;
  readonly json?: boolean;
}

/** `zippynet export`: a bucket of latents to a folder of ordinary images. */
export function exportCommand(): Command {
  return new Command("export")
    .description(
      "Decodes all latents of a bucket to image files, named by their upload's key and the format: a/b.jpg.zn becomes a/b.jpg.png. " +
        "Files get the time of their latents. So it may be interrupted and started again: what is there already is " +
        "passed over, in whichever look, unless its latents are newer.",
    )
    .argument("<latents>", "where the latents are: s3://bucket/prefix", place)
    .requiredOption("-o, --output <dir>", "folder of the images, made if need be")
    .addOption(formatOption())
    .addOption(lookOption())
    .option("--overwrite", "write again what is there already, for instance to have it in another look")
    .option("-j, --jobs <n>", "cores to use (default: all)", whole(1, MAX_JOBS))
    .option("--json", "report as JSON")
    .action(exportAll);
}

async function exportAll(where: Place, options: ExportOptions, command: Command): Promise<void> {
  const { output, format, look, overwrite } = options;
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
    // by the clock of S3 alone, as files have the time of their latents: that of this machine may be wrong
    const there = overwrite ? undefined : await stat(file).catch(() => undefined);
    return there && there.mtime >= modified ? undefined : { do: "export", key, file, modified, format, look };
  };
  const summary = await eachLatents(where, options.jobs ?? availableParallelism(), task);
  for (const each of unnamed) console.error(failureLine(each));
  const exported = summary.of("exported");
  const current = summary.of("current") - unnamed.length;
  const failed = summary.failed + unnamed.length;
  if (options.json) {
    const failures = [...summary.failures, ...unnamed];
    process.stdout.write(`${JSON.stringify({ exported, current, failed, failures }, undefined, 2)}\n`);
  } else {
    console.log(
      `${countText(exported, "image")} written to ${output}, ${current.toLocaleString("en")} there already` +
        `${failed ? `, ${failed.toLocaleString("en")} failed` : ""}`,
    );
  }
  if (failed > 0) process.exitCode = EXIT_FAILED;
}

/** Bytes of a file's name that every usual file system takes, with room for the extension and the draft's. */
const MAX_NAME = 240;

/**
 * The path of an exported picture within its folder: the upload's key and the extension, `a/b c.jpg` → `a/b c.jpg.png`.
 * The extension is always added, so that no two keys meet. Parts that a file system would take for something else
 * (`..`, `.`, nothing, and what begins with `%` itself) are escaped with `%`. A folder that is called as the picture of
 * another key may be, `a.png/b` beside `a`, gets a `%` behind: `a.png%/b.png`. Throws `bad-option` for names that are
 * too long or have a zero byte.
 * @param windows whether `\` and `:` lead to other folders too, and dots and spaces at the end of a name are not seen
 */
export function exportPath(key: string, extension: string, windows = process.platform === "win32"): string {
  const parts = key.split("/");
  const path = parts
    .map((part, i) => {
      if (part === "") return "%";
      if (part === "." || part === "..") return part.replaceAll(".", "%2E");
      const plain = windows
        ? part.replace(/[%\\:*?"<>|]|[. ]$/g, escaped)
        : part.startsWith("%")
          ? part.replaceAll("%", escaped)
          : part;
      const folder = i < parts.length - 1;
      return folder && plain.toLowerCase().replace(/%+$/, "").endsWith(extension) ? `${plain}%` : plain;
    })
    .join("/");
  const longest = Math.max(...path.split("/").map((part) => Buffer.byteLength(part)));
  if (longest > MAX_NAME || path.includes("\0")) {
    throw new ZippyNetError(
      "bad-option",
      `expected a key whose parts are file names of at most ${MAX_NAME} bytes, got ${JSON.stringify(key)}`,
    );
  }
  return path + extension;
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
