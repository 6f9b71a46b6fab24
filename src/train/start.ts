import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, ZippyNetError } from "../codec/errors.ts";
import { isFolder, isThere } from "../folders.ts";
import { modelsFolder } from "../model/folder.ts";
import { readBlobs } from "../model/load-decoder.ts";
import { BLOBS } from "../model/manifest.ts";
import { readSafetensors, type SafeTensors } from "../model/safetensors.ts";
import { checkpointPath, readCheckpoint } from "./checkpoint.ts";
import { floatWeights } from "./export/exported.ts";
import { grow } from "./network/grow.ts";
import { initialise, packParameters } from "./network/parameters.ts";
import type { Budget, RunPlan } from "./plan.ts";

/**
 * The vector that a run starts with: from noise, or from weights of a network that has as many residual blocks or
 * fewer.
 * @param init a file of float weights (a checkpoint for example), or the folder of an exported model
 */
export async function startingWeights(
  { architecture, seed }: Pick<RunPlan, "architecture" | "seed">,
  init?: string,
): Promise<Float32Array> {
  if (!init) return initialise(architecture, seed);
  return packParameters(architecture, grow(architecture, await readWeights(init), seed));
}

/** The path of weights to start from, for which the name of a model may stand. */
export async function placeOfInit(init: string): Promise<string> {
  const model = join(modelsFolder(), init);
  return (await isFolder(model)) ? model : init;
}

/** Throws `bad-option` if nothing is there, `bad-model` if it is something else. */
async function readWeights(path: string): Promise<SafeTensors> {
  const isNothing = !(await isThere(path));
  const missing = (cause: unknown): never => {
    const why = isNothing ? "nothing there" : messageOf(cause);
    const message = `--init: expected a file of weights, or a model's folder, at ${path}, got ${why}`;
    throw new ZippyNetError("bad-option", message, { cause });
  };
  if (!(await isFolder(path))) return readSafetensors(await readFile(path).catch(missing));
  const { manifest, blobs } = await readBlobs(BLOBS, (file) => readFile(join(path, file)).catch(missing));
  return floatWeights(manifest.architecture, blobs);
}

/**
 * Throws `bad-option` where a run that starts anew would write over the checkpoint of an earlier one, which may be
 * hours of work. A run of no samples may be repeated: `--init` still has all that it holds.
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
    () => false, // a checkpoint of another version may hold anything
  );
}
