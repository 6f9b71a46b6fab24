import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ZippyNetError } from "../codec/errors.ts";
import { makeFolders } from "../folders.ts";
import { checkpointPath, readCheckpoint, startOf, writeCheckpoint } from "./checkpoint.ts";
import { writePacks } from "./data/pack.ts";
import { heldOutSizes } from "./holdout.ts";
import type { RunOptions, RunReport, Trained } from "./run.ts";

/** Where the trainer in PyTorch is. */
export const TORCH_FOLDER = fileURLToPath(new URL("../../tools/torch", import.meta.url));

export interface TorchOptions {
  /** Processes that share each step, by `torchrun`; 1 by default. */
  readonly processes?: number;
  /** A Python that has PyTorch; see `findPython`. */
  readonly python: string;
}

/** The message for who needs PyTorch and has none. */
function howToGetTorch(): string {
  const at = relative(process.cwd(), TORCH_FOLDER); // in a project that installed the package it is under node_modules
  return `--engine torch needs Python 3.10 or later with PyTorch: python3 -m venv ${at}/.venv && ${at}/.venv/bin/pip install -r ${at}/requirements.txt; another Python is named by ZIPPYNET_PYTHON`;
}

/**
 * A Python with PyTorch: what ZIPPYNET_PYTHON names, else the one of `tools/torch/.venv`, else `python3`. Throws
 * `bad-option` with what to install if it has none.
 */
export async function findPython(): Promise<string> {
  const own = join(TORCH_FOLDER, ".venv", "bin", "python");
  const python = process.env["ZIPPYNET_PYTHON"] ?? (existsSync(own) ? own : "python3");
  await promisify(execFile)(python, ["-c", "import torch"]).catch((cause: Error & { stderr?: string }) => {
    const why = (cause.stderr ?? "").trim().split("\n").at(-1) || cause.message;
    throw new ZippyNetError("bad-option", `${howToGetTorch()} (${python}: ${why})`, { cause });
  });
  return python;
}

/**
 * `train` by `tools/torch`: the same run, checkpoint and log. Images travel as packs in the run's folder, where
 * `burst.sh` finds them too.
 */
export async function trainWithTorch(
  options: RunOptions,
  { python, processes = 1 }: TorchOptions,
): Promise<Trained> {
  const { plan, images, folder, budget, from, signal, onReport } = options;
  await makeFolders(folder);
  if (from instanceof Float32Array) await rm(join(folder, "log.jsonl"), { force: true });
  const path = checkpointPath(folder);
  await writeCheckpoint(path, { plan, ...startOf(from, plan) });
  const packs = join(folder, "packs");
  const paths = await writePacks(packs, images, plan);
  const launcher =
    processes > 1 ? ["-m", "torch.distributed.run", "--standalone", `--nproc-per-node=${processes}`] : [];
  await runPython(
    python,
    [
      ...launcher,
      ...["-m", "zippynet_torch.train", folder],
      ...sharedArguments(paths, options),
      ...["--held-out-sizes", heldOutSizes(plan.sampling).join(",")],
    ],
    { ...(signal && { signal }), onLine: (line) => onReport?.(line as RunReport) },
  );
  const checkpoint = await readCheckpoint(path);
  const { samples, seconds } = checkpoint.progress;
  const finished = "minutes" in budget ? seconds >= budget.minutes * 60 : samples >= budget.samples;
  return { ...checkpoint, finished };
}

/** The arguments of every trainer of `tools/torch`: data, budget, and how often it reports and saves. */
export function sharedArguments(
  packs: readonly string[],
  {
    budget,
    checkpointMinutes,
    evaluateMinutes,
  }: Pick<RunOptions, "budget" | "checkpointMinutes" | "evaluateMinutes">,
): string[] {
  return [
    ...packs.flatMap((pack) => ["--data", pack]),
    ...("minutes" in budget ? ["--minutes", `${budget.minutes}`] : ["--samples", `${budget.samples}`]),
    ...["--checkpoint-minutes", `${checkpointMinutes}`, "--evaluate-minutes", `${evaluateMinutes}`],
  ];
}

/**
 * Runs a module of `tools/torch` to its end and hands on the lines of JSON that it prints. Throws `bad-option` if it
 * fails; what it says of that is on stderr.
 * @param signal makes it stop after the step that it is at; it does not begin after one that came before
 */
export async function runPython(
  python: string,
  args: readonly string[],
  { signal, onLine }: { readonly signal?: AbortSignal; readonly onLine: (line: unknown) => void },
): Promise<void> {
  if (signal?.aborted) return;
  const env = { ...process.env, PYTHONPATH: TORCH_FOLDER };
  const child = spawn(python, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | string | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, killedBy) => resolve(code ?? killedBy));
  });
  ended.catch(() => undefined); // it is waited for below, after the lines
  const stop = () => child.kill("SIGTERM");
  signal?.addEventListener("abort", stop);
  let code: number | string | null;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith("{")) onLine(JSON.parse(line));
    }
    code = await ended;
  } catch (error) {
    stop();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  // it was still loading PyTorch, and knew of no signals
  if (signal?.aborted && (code === "SIGTERM" || code === "SIGINT")) return;
  if (code !== 0) throw new ZippyNetError("bad-option", `PyTorch ended with ${code}; see above`);
}
