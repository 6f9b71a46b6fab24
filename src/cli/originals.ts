import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ZippyNetError } from "../codec/errors.ts";
import { STANDARD } from "./inputs.ts";
import type { Task } from "./outputs.ts";
import { type Failure, failure } from "./results.ts";

/**
 * Sorts out tasks of decoding whose picture stands beside its `.zn` file already: it may well be the original that the file was made
 * from, and what is decoded is a lossy copy. In any other folder it is from an earlier run, which is done again.
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

/** What a file or folder is, by whatever path; `undefined` if it is not there. */
async function identity(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.dev} ${found.ino}`;
}
