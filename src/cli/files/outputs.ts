import { randomBytes } from "node:crypto";
import { rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import type { Command } from "commander";
import { ZippyNetError } from "../../codec/errors.ts";
import { isFolder, makeFolders } from "../../folders.ts";
import { usage } from "../options.ts";
import { type Failure, failure } from "../results.ts";
import { expandPatterns, type Input, STANDARD } from "./inputs.ts";

/** Where a run's output goes: a folder, one file, or standard output. */
export interface Destination {
  readonly kind: "folder" | "file" | "standard";
  /** `-` of standard output. */
  readonly path: string;
}

/** A name with such an ending means a file, not a folder. */
const FILE_ENDING = /\.(zn|png|webp|avif|jpe?g|jfif|gif|tiff?|bmp|jxl|heic|ppm)$/i;

/**
 * The inputs, and where their output goes: to what `--output` names; without it, to the last name if that has an
 * ending of an output, as in `encode in.png out.zn`; and of standard input alone to standard output. `--output` names a
 * file if it ends as one, there is one input and that is no folder, and otherwise a folder. Ends the command as wrongly
 * called where none of this fits.
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
  if (output === undefined && named.length === 2 && FILE_ENDING.test(last) && !(await exists(last)))
    usage(command, `expected an output of another format, got ${extname(last)}: ${last}`);
  if (path === undefined || path === "")
    return usage(command, "expected --output with a folder, or a file for one input, got none");
  if (path === STANDARD) {
    if (json) usage(command, "expected --json or a file on standard output, got both");
    return { named, to: { kind: "standard", path } };
  }
  if (path.endsWith("/") || (await isFolder(path))) return { named, to: { kind: "folder", path } };
  const single = named.length === 1 && !(await isFolder(last));
  if (single && isOutput(path)) return { named, to: { kind: "file", path } };
  if (await exists(path)) usage(command, `expected a folder as --output, got the file ${path}`);
  if (FILE_ENDING.test(path)) {
    const file = single ? " or a file of another format" : `, ${path}/ if that is its name,`;
    usage(command, `expected a folder${file} as --output, got ${extname(path)}: ${path}`);
  }
  return { named, to: { kind: "folder", path } };
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The folder that must be there before anything is written. */
export function folderOf({ kind, path }: Destination): string {
  return kind === "file" ? dirname(path) : path;
}

/** One input and where its output goes. */
export interface Task {
  readonly in: string;
  readonly out: string;
}

/**
 * Names outputs: the input's stem with the output's extension (`.zn`), in the same sub-folder. Where two inputs would
 * meet (`a.png`, `a.jpg`), they keep their own extension too (`a.png.zn`, `a.jpg.zn`). Inputs that would meet even so,
 * or whose output is an input, are failures: nothing is overwritten by its neighbour.
 * @param caseCounts whether `A.png` and `a.png` are two files here, as they are on Linux
 */
export function planOutputs(
  inputs: readonly Input[],
  folder: string,
  extension: string,
  caseCounts = process.platform === "linux",
): { tasks: Task[]; failures: Failure[] } {
  if (folder === STANDARD)
    return { tasks: inputs.map(({ path }) => ({ in: path, out: STANDARD })), failures: [] };
  const short = inputs.map(({ name }) => withoutExtension(name) + extension);
  const uses = new Map<string, number>();
  for (const name of short.map(folded)) uses.set(name, (uses.get(name) ?? 0) + 1);
  const fileOf = (path: string): string => (caseCounts ? resolve(path) : folded(resolve(path)));
  const taken = new Map(inputs.filter(isFile).map(({ path }) => [fileOf(path), path]));
  const tasks: Task[] = [];
  const failures: Failure[] = [];
  inputs.forEach(({ path, name }, i) => {
    const out = join(folder, uses.get(folded(short[i]!)) === 1 ? short[i]! : name + extension);
    const other = taken.get(fileOf(out));
    if (other !== undefined) {
      const why = `expected an output of its own, got ${out}, which belongs to ${other}`;
      failures.push(failure(path, new ZippyNetError("bad-option", why)));
      return;
    }
    taken.set(fileOf(out), path);
    tasks.push({ in: path, out });
  });
  return { tasks, failures };
}

/** Gives names that some file systems take for one the same text: `A.zn` and `a.zn`, and composed accents. */
function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

function isFile({ path }: Input): boolean {
  return path !== STANDARD;
}

function withoutExtension(name: string): string {
  return name.slice(0, name.length - extname(name).length);
}

/**
 * Writes a file whole or not at all, with its folders: under another name first, which then takes its place.
 * @param modified the time that the file is to have; by default now
 */
export async function writeWhole(path: string, bytes: Uint8Array, modified?: Date): Promise<void> {
  await makeFolders(dirname(path));
  const draft = join(dirname(path), `.${randomBytes(6).toString("hex")}.part`);
  try {
    await writeFile(draft, bytes);
    if (modified) await utimes(draft, modified, modified);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    // the system names the draft, or nothing: a full disk is that of the output, not of the input
    if (error instanceof Error) error.message = `cannot write ${path}: ${error.message}`;
    throw error;
  }
}

/**
 * Sorts out tasks of decoding whose picture stands beside its `.zn` file already: it may well be the original that the
 * file was made from, and what is decoded is a lossy copy. In any other folder it is from an earlier run, which is done
 * again.
 */
export async function spareOriginals(
  tasks: readonly Task[],
): Promise<{ tasks: Task[]; failures: Failure[] }> {
  const spared: Task[] = [];
  const failures: Failure[] = [];
  for (const task of tasks) {
    if (!(await standsBeside(task))) spared.push(task);
    else {
      const why = `expected --overwrite to replace ${task.out}, which stands beside its .zn file and may be the original`;
      failures.push(failure(task.in, new ZippyNetError("bad-option", why)));
    }
  }
  return { tasks: spared, failures };
}

async function standsBeside({ in: from, out }: Task): Promise<boolean> {
  if (from === STANDARD || out === STANDARD) return false;
  const [theirs, ours, picture] = await Promise.all([dirname(from), dirname(out), out].map(identity));
  return picture !== undefined && theirs === ours;
}

/** Identifies a file or folder, whatever path leads to it; `undefined` if there is none. */
async function identity(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.dev} ${found.ino}`;
}
