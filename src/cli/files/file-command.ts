import { access, constants, rmdir } from "node:fs/promises";
import { basename, dirname, extname, resolve } from "node:path";
import type { Command } from "commander";
import { messageOf, ZippyNetError } from "../../codec/errors.ts";
import { isFolder, makeFolders } from "../../folders.ts";
import { defaultJobs, EXIT_FAILED, usage } from "../options.ts";
import { startProgress } from "../progress.ts";
import {
  type Done,
  failureLine,
  isFailure,
  type OnResults,
  partition,
  printable,
  type Result,
  warnIfNone,
} from "../results.ts";
import { findInputs, type Input, STANDARD, type Wanted } from "./inputs.ts";
import { type Destination, folderOf, planOutputs, spareOriginals } from "./outputs.ts";
import type { Work } from "./work.ts";

/** Options that `encode` and `decode` share. */
export interface FileOptions {
  readonly output?: string;
  readonly jobs?: number;
  readonly json?: boolean;
  /** Reports failures only. */
  readonly quiet?: boolean;
  /** Reports each file. */
  readonly verbose?: boolean;
}

/** One call of `encode` or `decode`. */
export interface FileRun {
  readonly named: readonly string[];
  readonly to: Destination;
  readonly wanted: Wanted;
  readonly extension: string;
  /** Whether an output that is there beside its input is kept, and the input counts as failed. */
  readonly sparing?: boolean;
  readonly work: Work;
  /** The verb of the last line, in the past tense: `encoded`. */
  readonly verb: string;
}

/** What `--json` prints. */
interface Report {
  readonly files: readonly Result[];
  readonly done: number;
  readonly failed: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** Files and folders in, files out: finds inputs, names outputs, runs, reports, and sets the exit code. */
export async function runOnFiles(command: Command, options: FileOptions, run: FileRun): Promise<void> {
  const { named, to, work } = run;
  const folder = folderOf(to);
  const found = await findInputs(named, run.wanted);
  if (to.kind === "standard" && found.inputs.length > 1) {
    usage(command, `expected one input for standard output, got ${found.inputs.length}`);
  }
  const plan = planOutputs(
    inputsFor(to, found.inputs),
    folder,
    to.kind === "file" ? extname(to.path) : run.extension,
  );
  const { tasks, failures } = run.sparing
    ? await spareOriginals(plan.tasks)
    : { tasks: plan.tasks, failures: [] };
  const made = to.kind !== "standard" && tasks.length > 0 ? await makeFolder(folder) : [];
  const progress = startProgress(options.quiet ? 0 : tasks.length, "files");
  const names: Names = options.json || options.quiet ? new Map() : await modelNames();
  const results: Result[] = [];
  const add: OnResults = (more) => {
    results.push(...more);
    for (const one of more) {
      if (isFailure(one)) {
        if (!options.json) progress.say(failureLine(one));
      } else if (options.verbose)
        progress.say(`${printable(one.in)} → ${printable(one.out)}: ${lineOf(one, names)}`);
    }
  };
  add([...found.failures, ...plan.failures, ...failures]);
  if (tasks.length > 0) {
    const jobs = named.includes(STANDARD) ? 1 : (options.jobs ?? defaultJobs(tasks.length, timeOf(work)));
    try {
      const { runTasks } = await import("./run.ts"); // not before the call is known to be right
      await runTasks(work, tasks, jobs, (more) => {
        add(more);
        progress.advance(more.length);
      });
    } finally {
      progress.stop();
      await removeEmpty(made);
    }
  }
  warnIfNone(results, named);
  if (options.json) reportJson(results);
  else if (!options.quiet) reportText(results, run.verb, to, names);
  if (results.some(isFailure)) process.exitCode = EXIT_FAILED;
}

/** The options that decide how long a file takes. */
function timeOf(work: Work): { effort?: number; tries?: boolean } {
  return work.kind === "encode" ? { effort: work.effort, tries: work.target.kind !== "quality" } : {};
}

/** The inputs. If the destination is a file, the output takes its name. */
function inputsFor({ kind, path }: Destination, inputs: readonly Input[]): readonly Input[] {
  return kind === "file" ? inputs.map((input) => ({ ...input, name: basename(path) })) : inputs;
}

/**
 * Makes the folder before the work, which may take a night, so that one that cannot be written is reported at once.
 * Gives those that were not there: it, and folders above it.
 */
async function makeFolder(folder: string): Promise<string[]> {
  try {
    const missing: string[] = [];
    for (let path = resolve(folder); !(await isFolder(path)) && dirname(path) !== path; path = dirname(path))
      missing.push(path);
    await makeFolders(folder);
    await access(folder, constants.W_OK);
    return missing;
  } catch (cause) {
    const why = messageOf(cause);
    const message = `expected a folder that can be written as --output, got ${folder}: ${why}`;
    throw new ZippyNetError("bad-option", message, { cause });
  }
}

/** Removes folders, from the innermost on, up to the first that holds something. */
async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    try {
      await rmdir(folder);
    } catch {
      return;
    }
  }
}

type Names = ReadonlyMap<number, string>;

/** Names of the models, by number. If no models can be read, the numbers are shown. */
async function modelNames(): Promise<Names> {
  const { openModels } = await import("../../model/folder.ts");
  const models = await openModels().catch(() => undefined);
  return new Map(models?.list().map(({ number, name }) => [number, name]));
}

/** Bytes, what is kept of the picture, and who coded it: `7,412 → 131 bytes, 29.10 dB, model 1 (faces), quality 50`. */
function lineOf({ bytesBefore, bytesAfter, psnr, kind, model, quality }: Done, names: Names): string {
  const name = model === undefined ? undefined : names.get(model);
  return [
    `${count(bytesBefore)} → ${count(bytesAfter)} bytes`,
    ...(psnr === undefined ? [] : [`${psnr.toFixed(2)} dB`]),
    model === undefined ? kind.toUpperCase() : `model ${model}${name === undefined ? "" : ` (${name})`}`,
    ...(quality === undefined ? [] : [`quality ${quality}`]),
  ].join(", ");
}

const count = (n: number): string => n.toLocaleString("en");

function sorted(results: readonly Result[]): Result[] {
  return results.toSorted((a, b) => (a.in < b.in ? -1 : a.in > b.in ? 1 : 0));
}

function bytesOf(done: readonly Done[]): Pick<Report, "bytesBefore" | "bytesAfter"> {
  const sum = (of: (file: Done) => number): number => done.reduce((total, file) => total + of(file), 0);
  return { bytesBefore: sum((file) => file.bytesBefore), bytesAfter: sum((file) => file.bytesAfter) };
}

function reportJson(results: readonly Result[]): void {
  const { done, failures } = partition<Done>(results);
  const whole: Report = {
    files: sorted(results),
    done: done.length,
    failed: failures.length,
    ...bytesOf(done),
  };
  process.stdout.write(`${JSON.stringify(whole, undefined, 2)}\n`);
}

/** Prints the summary; failures were reported before. Of a single file, it prints all that is known. */
function reportText(results: readonly Result[], verb: string, { kind }: Destination, names: Names): void {
  const { done } = partition<Done>(sorted(results));
  for (const { in: path, notes } of done)
    if (notes) console.error(`zippynet: ${printable(path)}: ${printable(notes.join(", "))}`);
  if (kind === "standard" || done.length === 0) return;
  const { bytesBefore, bytesAfter } = bytesOf(done);
  if (done.length === 1) console.log(`1 file ${verb}, ${lineOf(done[0]!, names)}`);
  else console.log(`${count(done.length)} files ${verb}, ${count(bytesBefore)} → ${count(bytesAfter)} bytes`);
}
