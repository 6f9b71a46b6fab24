import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ZippyNetError } from "../codec/errors.ts";
import { readBlobs } from "../model/blobs.ts";
import { BLOBS } from "../model/manifest.ts";
import { readSafetensors, type SafeTensors } from "../model/safetensors.ts";
import type { RunPlan } from "./checkpoint.ts";
import { floatWeights } from "./exported.ts";
import { grow } from "./grow.ts";
import { initialise, packParameters } from "./parameters.ts";

/**
 * The vector that a run starts with: from noise, or from weights of a network that has as many residual blocks or fewer.
 * @param init a file of float weights (a checkpoint for example), or the folder of an exported model
 */
export async function startingWeights(
  { architecture, seed }: Pick<RunPlan, "architecture" | "seed">,
  init?: string,
): Promise<Float32Array> {
  if (!init) return initialise(architecture, seed);
  return packParameters(architecture, grow(architecture, await readWeights(init), seed));
}

/** Throws `bad-option` if nothing is there, `bad-model` if it is something else. */
async function readWeights(path: string): Promise<SafeTensors> {
  const missing = (cause: unknown): never => {
    throw new ZippyNetError(
      "bad-option",
      `--init: expected a file of weights, or a model's folder, at ${path}`,
      {
        cause,
      },
    );
  };
  if (!(await isFolder(path))) return readSafetensors(await readFile(path).catch(missing));
  const { manifest, blobs } = await readBlobs(BLOBS, (file) => readFile(join(path, file)).catch(missing));
  return floatWeights(manifest.architecture, blobs);
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
