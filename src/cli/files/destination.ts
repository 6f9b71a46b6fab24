import { stat } from "node:fs/promises";
import { dirname, extname } from "node:path";
import type { Command } from "commander";
import { usage } from "../exit.ts";
import { expandPatterns, STANDARD } from "./inputs.ts";

/** Where a run's output goes: a folder, one file, or standard output. */
export interface Destination {
  readonly kind: "folder" | "file" | "standard";
  /** `-` of standard output. */
  readonly path: string;
}

/** Endings that say of a name that a file is meant, not a folder. */
const FILE_ENDING = /\.(zn|png|webp|avif|jpe?g|jfif|gif|tiff?|bmp|jxl|heic|ppm)$/i;

/**
 * The inputs, and where their output goes: to what `--output` names; without it, to the last name if that has an
 * ending of an output, as in `encode in.png out.zn`; and of standard input alone to standard output. `--output` names a
 * file if it ends as one, there is one input and that is no folder. Ends the command as wrongly called where none of
 * this fits.
 * @param isOutput whether a name has the ending of an output
 */
export async function destinationOf(
  command: Command,
  names: readonly string[],
  { output, json }: { readonly output?: string; readonly json?: boolean },
  isOutput: (name: string) => boolean,
): Promise<{ named: readonly string[]; to: Destination }> {
  const named = await expandPatterns(names);
  const last = named.at(-1)!;
  if (output === undefined && named.length > 1 && isOutput(last) && !(await isFolder(last))) {
    if (named.length > 2) usage(command, `expected one input for the file ${last}, got ${named.length - 1}`);
    return { named: named.slice(0, 1), to: { kind: "file", path: last } };
  }
  const path = output ?? (named.length === 1 && last === STANDARD ? STANDARD : undefined);
  if (path === undefined) return usage(command, "expected --output with a folder, or a file for one input");
  if (path === STANDARD) {
    if (json) usage(command, "expected --json or a file on standard output, got both");
    return { named, to: { kind: "standard", path } };
  }
  if (path.endsWith("/") || (await isFolder(path))) return { named, to: { kind: "folder", path } };
  const single = named.length === 1 && !(await isFolder(last));
  if (single && isOutput(path)) return { named, to: { kind: "file", path } };
  if ((await stat(path).catch(() => undefined)) !== undefined)
    usage(command, `expected a folder as --output, got the file ${path}`);
  if (single && FILE_ENDING.test(path))
    usage(
      command,
      `expected a folder or a file of another format as --output, got ${extname(path)}: ${path}`,
    );
  return { named, to: { kind: "folder", path } };
}

/** The folder that must be there before anything is written. */
export function folderOf({ kind, path }: Destination): string {
  return kind === "file" ? dirname(path) : path;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
