import { access, constants, stat } from "node:fs/promises";
import type { Command } from "commander";
import { ZippyNetError } from "../../codec/errors.ts";
import { makeFolders } from "../../make-folders.ts";
import { defaultJobs } from "../options.ts";
import { startProgress } from "../progress.ts";
import { type Done, type Failure, isFailure, type OnResults, partition, type Result } from "../results.ts";
import { EXIT_FAILED, usage } from "../usage.ts";
import { findInputs, STANDARD, type Wanted } from "./inputs.ts";
import { planOutputs, spareOriginals } from "./outputs.ts";
import { runTasks } from "./run.ts";
import type { Work } from "./work.ts";

/** Options that `encode` and `decode` share. */
export interface BatchOptions {
  readonly output?: string;
  readonly jobs?: number;
  readonly json?: boolean;
}

export interface Batch {
  readonly named: readonly string[];
  readonly wanted: Wanted;
  readonly extension: string;
  /** Whether an output that stands beside its input already is left as it is, and the input fails. */
  readonly sparing?: boolean;
  readonly work: Work;
  /** Past tense, for the last line: `encoded`. */
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
export async function runBatch(command: Command, options: BatchOptions, batch: Batch): Promise<void> {
  const { named, work } = batch;
  const folder = await outputOf(command, options, named);
  const found = await findInputs(named, batch.wanted);
  if (folder === STANDARD && found.inputs.length > 1) {
    usage(command, `expected one input for standard output, got ${found.inputs.length}`);
  }
  const plan = planOutputs(found.inputs, folder, batch.extension);
  const { tasks, failures } = batch.sparing
    ? await spareOriginals(plan.tasks)
    : { tasks: plan.tasks, failures: [] };
  if (folder !== STANDARD && tasks.length > 0) await makeFolder(folder);
  const progress = startProgress(tasks.length, "files");
  const results: Result[] = [];
  const add: OnResults = (more) => {
    results.push(...more);
    if (!options.json) for (const one of more.filter(isFailure)) progress.say(lineOf(one));
  };
  add([...found.failures, ...plan.failures, ...failures]);
  if (tasks.length > 0) {
    const jobs = named.includes(STANDARD) ? 1 : (options.jobs ?? defaultJobs(tasks.length, timeOf(work)));
    try {
      await runTasks(work, tasks, jobs, (more) => {
        add(more);
        progress.advance(more.length);
      });
    } finally {
      progress.stop();
    }
  }
  if (results.length === 0) console.error(`zippynet: nothing to do in ${named.join(", ")}`);
  report(results, batch.verb, folder, options.json ?? false);
  if (results.some(isFailure)) process.exitCode = EXIT_FAILED;
}

/** What tells how long a file takes. */
function timeOf(work: Work): { effort?: number; tries?: boolean } {
  return work.kind === "encode" ? { effort: work.effort, tries: work.target.kind !== "quality" } : {};
}

/** The folder that was asked for; a lone standard input goes to standard output unless told. */
async function outputOf(
  command: Command,
  { output, json }: BatchOptions,
  named: readonly string[],
): Promise<string> {
  const folder = output ?? (named.length === 1 && named[0] === STANDARD ? STANDARD : undefined);
  if (folder === undefined) return usage(command, "expected --output with a folder");
  if (folder === STANDARD && json) usage(command, "expected --json or a file on standard output, got both");
  if (folder !== STANDARD && (await stat(folder).catch(() => undefined))?.isDirectory() === false) {
    usage(command, `expected a folder as --output, got the file ${folder}`);
  }
  return folder;
}

/** Before the work, which may take a night: a folder that cannot be written is told at once. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await makeFolders(folder);
    await access(folder, constants.W_OK);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `expected a folder that can be written as --output, got ${folder}: ${why}`;
    throw new ZippyNetError("bad-option", message, { cause });
  }
}

function lineOf({ in: path, error }: Failure): string {
  return `zippynet: ${path}: ${error.message}`;
}

/** Sums up; failures were told as they came, unless as JSON. */
function report(results: readonly Result[], verb: string, folder: string, json: boolean): void {
  const files = results.toSorted((a, b) => (a.in < b.in ? -1 : a.in > b.in ? 1 : 0));
  const { done, failures } = partition<Done>(files);
  const sum = (of: (file: Done) => number): number => done.reduce((total, file) => total + of(file), 0);
  const bytesBefore = sum((file) => file.bytesBefore);
  const bytesAfter = sum((file) => file.bytesAfter);
  if (json) {
    const whole: Report = { files, done: done.length, failed: failures.length, bytesBefore, bytesAfter };
    process.stdout.write(`${JSON.stringify(whole, undefined, 2)}\n`);
    return;
  }
  for (const { in: path, notes } of done) if (notes) console.error(`zippynet: ${path}: ${notes.join(", ")}`);
  if (folder !== STANDARD && done.length > 0) {
    const count = (n: number): string => n.toLocaleString("en");
    console.log(
      `${count(done.length)} ${done.length === 1 ? "file" : "files"} ${verb}, ${count(bytesBefore)} → ${count(bytesAfter)} bytes`,
    );
  }
}
