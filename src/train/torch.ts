import { rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders } from "../folders.ts";
import { checkpointPath, readCheckpoint, startOf, writeCheckpoint } from "./checkpoint.ts";
import { writePacks } from "./data/pack.ts";
import { heldOutSizes } from "./holdout.ts";
import { usedShare } from "./plan.ts";
import { runPython } from "./python.ts";
import type { RunOptions, RunReport, Trained } from "./run.ts";

export interface TorchOptions {
  /** Processes that share each step; 1 by default. */
  readonly processes?: number;
  /** A Python that has PyTorch; see `findPython`. */
  readonly python: string;
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
  await runPython(
    python,
    [
      ...["-m", "zippynet_torch.train", folder],
      ...sharedArguments(paths, options),
      ...["--held-out-sizes", heldOutSizes(plan.sampling).join(",")],
    ],
    { processes, ...(signal && { signal }), onLine: (line) => onReport?.(line as RunReport) },
  );
  const checkpoint = await readCheckpoint(path);
  return { ...checkpoint, finished: usedShare(budget, checkpoint.progress) >= 1 };
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
