import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { STANDARD } from "./inputs.ts";
import { type Task, writeWhole } from "./outputs.ts";
import { type Failure, failure } from "./results.ts";

/** A file, or standard input to its end. */
export async function readBytes(path: string): Promise<Uint8Array> {
  return path === STANDARD ? buffer(process.stdin) : readFile(path);
}

/** To a file, whole or not at all, or to standard output. */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  if (path !== STANDARD) return writeWhole(path, bytes);
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** Pictures that are in memory at once, as files or as pixels: each may be of 25 million. */
export const AT_ONCE = 4;

/** Does a step of all tasks at once; what a step throws becomes that task's failure. */
export function each<T extends Task, U>(
  tasks: readonly T[],
  step: (task: T) => Promise<U>,
): Promise<(U | Failure)[]> {
  return Promise.all(tasks.map((task) => step(task).catch((error: unknown) => failure(task.in, error))));
}
