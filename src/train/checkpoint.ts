import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf, ZippyNetError } from "../codec/errors.ts";
import { isThere, makeFolders } from "../folders.ts";
import { readSafetensors, type SafeTensor, writeSafetensors } from "../model/safetensors.ts";
import { layoutOf, packParameters, unpackParameters } from "./network/parameters.ts";
import { initialState, type OptimiserState } from "./optimiser/state.ts";
import type { RunPlan } from "./plan.ts";

/** Layout of a checkpoint; another one is refused. */
const VERSION = 3;
/** The optimiser's vectors but for the average, which is there by name. */
const VECTORS = ["parameters", "first", "second", "factors", "bases"] as const;

/** How far a run has come. */
export interface RunProgress {
  readonly samples: number;
  /** Seconds of training, without loading and evaluating. */
  readonly seconds: number;
  /** State of the random numbers. */
  readonly random: number;
}

export interface Checkpoint {
  readonly plan: RunPlan;
  readonly progress: RunProgress;
  readonly optimiser: OptimiserState;
}

export function checkpointPath(folder: string): string {
  return join(folder, "checkpoint.safetensors");
}

/** What a run goes on from: a checkpoint, or weights with nothing learnt of their gradients yet. */
export function startOf(
  from: Checkpoint | Float32Array,
  { architecture, seed }: RunPlan,
): Pick<Checkpoint, "progress" | "optimiser"> {
  // not its plan: the rate and the like may have been asked for anew
  if (!(from instanceof Float32Array)) return { progress: from.progress, optimiser: from.optimiser };
  const optimiser: OptimiserState = initialState(layoutOf(architecture).slots, from);
  return { progress: { samples: 0, seconds: 0, random: seed }, optimiser };
}

/**
 * Writes a checkpoint: a safetensors file of the averaged weights under their names (so that it serves as a start for
 * another run), the optimiser's vectors, and the rest as JSON. The file appears whole or not at all.
 */
export async function writeCheckpoint(
  path: string,
  { plan, progress, optimiser }: Checkpoint,
): Promise<void> {
  const tensors = new Map<string, SafeTensor>();
  for (const [name, { shape, data }] of unpackParameters(plan.architecture, optimiser.average)) {
    tensors.set(name, { dtype: "F32", shape, data });
  }
  for (const name of VECTORS) {
    tensors.set(`run.${name}`, {
      dtype: "F32",
      shape: [optimiser[name].length],
      data: optimiser[name],
    });
  }
  const rest: Rest = { version: VERSION, plan, progress, step: optimiser.step };
  const json = new TextEncoder().encode(JSON.stringify(rest));
  tensors.set("run.json", { dtype: "U8", shape: [json.length], data: json });
  await makeFolders(dirname(path));
  try {
    await writeFile(`${path}.new`, writeSafetensors(tensors));
    await rename(`${path}.new`, path);
  } catch (cause) {
    await rm(`${path}.new`, { force: true }); // on a full disk it would keep all the rest from being written, too
    const message = `expected to write the checkpoint ${path}, got ${messageOf(cause)}`;
    throw new ZippyNetError("unavailable", message, { cause });
  }
}

interface Rest {
  readonly version: number;
  readonly plan: RunPlan;
  readonly progress: RunProgress;
  readonly step: number;
}

/** As `readCheckpoint`; undefined only where nothing is there: hours of work are not taken for nothing. */
export async function readCheckpointIfThere(path: string): Promise<Checkpoint | undefined> {
  return (await isThere(path)) ? readCheckpoint(path) : undefined;
}

/** Throws `bad-model` if there is no checkpoint of this layout at the path. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const tensors = await readFile(path)
    .then(readSafetensors)
    .catch(async (cause: unknown) => {
      const got = (await isThere(path)) ? messageOf(cause) : "nothing there";
      throw new ZippyNetError("bad-model", `expected a checkpoint at ${path}, got ${got}`, { cause });
    });
  const json = tensors.get("run.json");
  if (json?.dtype !== "U8") throw new ZippyNetError("bad-model", `${path} is not a checkpoint of a run`);
  const { version, plan, progress, step } = JSON.parse(new TextDecoder().decode(json.data)) as Rest;
  if (version !== VERSION) {
    throw new ZippyNetError(
      "bad-model",
      `${path}: expected a checkpoint of version ${VERSION}, got ${version}`,
    );
  }
  const vector = (name: string): Float32Array => {
    const tensor = tensors.get(`run.${name}`);
    if (tensor?.dtype !== "F32") throw new ZippyNetError("bad-model", `${path} has no run.${name}`);
    return tensor.data;
  };
  const optimiser: OptimiserState = {
    step,
    parameters: vector("parameters"),
    average: packParameters(plan.architecture, tensors),
    first: vector("first"),
    second: vector("second"),
    factors: vector("factors"),
    bases: vector("bases"),
  };
  return { plan, progress, optimiser };
}
