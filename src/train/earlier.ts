import { access } from "node:fs/promises";
import { ZippyNetError } from "../codec/errors.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { type Budget, checkpointPath } from "./run.ts";

/**
 * Throws `bad-option` where a run that starts anew would write over the checkpoint of an earlier one, which may be hours of work. A
 * run of no samples may be repeated: `--init` still has all that it holds.
 */
export async function refuseEarlierRun(folder: string, budget: Budget): Promise<void> {
  const path = checkpointPath(folder);
  if (!(await isThere(path)) || (isEmpty(budget) && (await isUntrained(path)))) return;
  throw new ZippyNetError(
    "bad-option",
    `expected no earlier run in ${folder}, got the checkpoint ${path}: --resume goes on from it, --runs keeps the new run elsewhere; or delete ${folder}`,
  );
}

function isEmpty(budget: Budget): boolean {
  return "samples" in budget && budget.samples === 0;
}

async function isUntrained(path: string): Promise<boolean> {
  return readCheckpoint(path).then(
    ({ progress }) => progress.samples === 0,
    () => false, // of another version, say: who knows what it holds
  );
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
