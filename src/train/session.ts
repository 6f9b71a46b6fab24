import { basename, join, resolve } from "node:path";
import { ZippyNetError } from "../codec/errors.ts";
import type { Architecture } from "../codec/network/architecture.ts";
import { type Licence, licenceOf, type Manifest } from "../model/manifest.ts";
import { type Checkpoint, checkpointPath, readCheckpointIfThere, startOf } from "./checkpoint.ts";
import { type ImageSets, loadImages } from "./data/images.ts";
import type { Engine } from "./engine.ts";
import { modelCard } from "./export/card.ts";
import { exportTrained } from "./export/trained.ts";
import {
  type Budget,
  cutOf,
  ENGINE,
  type EngineName,
  FLAT,
  IMAGES_TO_EXPORT,
  KEPT_SIDE,
  type RunPlan,
  USUAL_ORIENTATIONS,
} from "./plan.ts";
import { folderOf, type Recipe, type Stage, setsOf } from "./recipe.ts";
import type { RunOptions, Trained } from "./run.ts";
import { placeOfInit, startingWeights } from "./start.ts";

/** How a session reports, and how it is stopped, while it trains. */
export type Watch = Pick<RunOptions, "checkpointMinutes" | "evaluateMinutes" | "signal" | "onReport"> & {
  /** Called with how many of all images are decoded. */
  readonly onDecode?: (done: number, total: number) => void;
  /** Called with the images, before the training begins. */
  readonly onImages?: (images: ImageSets) => void;
};

/** One run: from its folders, or from its checkpoint. */
export interface Session extends Watch {
  readonly plan: RunPlan;
  /** Folder of checkpoint and log. */
  readonly folder: string;
  readonly budget: Budget;
  /** Where to go on; without it from noise, or from what `init` names. */
  readonly from?: Checkpoint;
  /** A file of weights or a model's folder. */
  readonly init?: string;
}

/** Loads the images and trains. Throws the signal's reason where it comes while images are loaded. */
export async function runSession(
  engine: Engine,
  { plan, folder, budget, from, init, ...watch }: Session,
): Promise<Trained> {
  const start = from ?? (await startingWeights(plan, init)); // fails at once, where decoding may take long
  const images = await imagesOf(plan, watch);
  watch.onImages?.(images);
  return engine({ plan, images, folder, budget, from: start, ...watch });
}

/** The images of a plan's folders, in memory. */
export function imagesOf(
  plan: RunPlan,
  { onDecode, signal }: Pick<Watch, "onDecode" | "signal">,
  most?: number,
): Promise<ImageSets> {
  return loadImages(plan.folders, {
    heldOutShare: plan.heldOut,
    side: plan.folders.map((_, i) => KEPT_SIDE[cutOf(plan.sampling, i)]),
    ...(most && { most }),
    ...(onDecode && { onProgress: onDecode }),
    ...(signal && { signal }),
  });
}

/** What an export says of a model beside its checkpoint. */
export interface Naming {
  readonly name: string;
  readonly number: number;
  readonly description?: string;
  readonly licence: Licence;
  /** Terms of the data. */
  readonly terms: string;
  /** By default 2 for aligned images, 8 for patches. */
  readonly orientations?: Manifest["orientations"];
}

/** Exports a run as a model's folder, with a recipe of one stage. */
export async function exportRun(
  out: string,
  checkpoint: Checkpoint,
  log: string,
  { name, number, description, licence, terms, orientations }: Naming,
  onDecode?: Watch["onDecode"],
): Promise<Manifest> {
  const { plan, progress } = checkpoint;
  const recipe: Recipe = {
    name,
    number,
    description: description ?? `Images of the domain "${name}"`,
    orientations: orientations ?? USUAL_ORIENTATIONS[cutOf(plan.sampling, 0)],
    ...licence,
    seed: plan.seed,
    heldOut: plan.heldOut,
    architecture: plan.architecture,
    ...(plan.init && { init: plan.init }),
    data: await setsOf(plan.folders, terms),
    stages: [
      {
        data: plan.folders.map((folder) => basename(folder)),
        engine: plan.engine ?? ENGINE,
        sampling: plan.sampling as Stage["sampling"],
        samples: progress.samples,
        rate: plan.rate,
        flat: plan.flat ?? FLAT,
        ...(plan.only && { only: plan.only }),
        ...(plan.bits && { bits: plan.bits }),
      },
    ],
  };
  return exportRecipe(out, checkpoint, recipe, [log], onDecode);
}

async function exportRecipe(
  out: string,
  checkpoint: Checkpoint,
  recipe: Recipe,
  logs: readonly string[],
  onDecode?: Watch["onDecode"],
): Promise<Manifest> {
  const { train } = await imagesOf(checkpoint.plan, onDecode ? { onDecode } : {}, IMAGES_TO_EXPORT);
  const { name, number, description, supersedes, orientations } = recipe;
  return exportTrained(out, checkpoint, train, {
    name,
    number,
    description,
    ...(supersedes && { supersedes }),
    orientations,
    licence: licenceOf(recipe),
    files: new Map([
      ["recipe.json", `${JSON.stringify(recipe, null, 2)}\n`],
      ["README.md", await modelCard(recipe, logs)],
    ]),
  });
}

/** A recipe to be made, or exported from the checkpoints that it left. */
export interface RecipeSession extends Watch {
  readonly recipe: Recipe;
  /** Folder of the sets: archives NAME.tar, or folders NAME. */
  readonly data: string;
  /** Folder of the stages' checkpoints and logs, one a stage. */
  readonly runs: string;
  readonly out: string;
  /** Opens the engine that a stage names. Without it nothing is trained, and what the stages left is exported. */
  readonly engineOf?: (name: EngineName) => Promise<Engine>;
  /** What computes instead of the engines that the stages name. */
  readonly engine?: EngineName;
}

/**
 * Makes a model from its recipe, stage by stage. A stage with a finished checkpoint is not repeated, one that was
 * stopped is continued. Returns undefined if the signal stopped it. Throws `bad-option` without an engine where the
 * last stage is not finished: the recipe would say more than was done.
 */
export async function makeFromRecipe(session: RecipeSession): Promise<Manifest | undefined> {
  const { recipe, data, runs, out, engineOf, engine, ...watch } = session;
  const init = recipe.init && (await placeOfInit(recipe.init));
  let last: Checkpoint | undefined;
  let architecture = recipe.architecture;
  const folders = await foldersOf(recipe, data, join(runs, "data"));
  const stageFolder = (i: number) => join(runs, `stage-${i + 1}`);
  const stages: Stage[] = []; // with the engines that trained them
  for (const [i, asked] of recipe.stages.entries()) {
    architecture = asked.architecture ?? architecture;
    const path = checkpointPath(stageFolder(i));
    const before: Checkpoint | undefined = await readCheckpointIfThere(path);
    const isDone = before !== undefined && before.progress.samples >= asked.samples;
    const had = before?.plan.engine ?? asked.engine;
    const stage: Stage = { ...asked, engine: isDone ? had : (engine ?? had) };
    stages.push(stage);
    const plan = planOf(recipe, stage, architecture, folders);
    if (isDone) last = { ...before, plan };
    else if (!engineOf && i === recipe.stages.length - 1) throw notDone(path, stage, before);
    if (isDone || !engineOf) continue;
    const from = before ?? (await startOfStage(stage, plan, last, runs, i));
    const trained: Trained = await runSession(await engineOf(stage.engine), {
      plan,
      folder: stageFolder(i),
      budget: { samples: stage.samples },
      ...(from && { from }),
      ...(init && { init }),
      ...watch,
    });
    if (!trained.finished) return undefined;
    last = trained;
  }
  const logs = stages.map((_, i) => join(stageFolder(i), "log.jsonl"));
  // there is a stage, and the last one is finished
  return exportRecipe(out, last!, { ...recipe, stages }, logs, watch.onDecode);
}

function notDone(path: string, { samples }: Stage, before: Checkpoint | undefined): ZippyNetError {
  const got = before ? `${before.progress.samples} of ${samples} samples` : "no checkpoint";
  return new ZippyNetError(
    "bad-option",
    `--export-only: expected the finished last stage at ${path}, got ${got}`,
  );
}

async function foldersOf(
  { data: sets }: Recipe,
  data: string,
  to: string,
): Promise<ReadonlyMap<string, string>> {
  const folders = new Map<string, string>();
  for (const set of sets) folders.set(set.name, resolve(await folderOf(set, data, to)));
  return folders;
}

function planOf(
  { seed, heldOut, init }: Recipe,
  { data, engine, sampling, rate, flat, only, bits }: Stage,
  architecture: Architecture,
  folders: ReadonlyMap<string, string>,
): RunPlan {
  return {
    folders: data.map((name) => folders.get(name)!),
    architecture,
    engine,
    seed,
    sampling,
    heldOut,
    rate,
    ...(flat !== undefined && { flat }),
    ...(only && { only }),
    ...(bits && { bits }),
    ...(init && { init: basename(init) }),
  };
}

/**
 * Where a stage starts: from the one before it, with what its optimiser has learnt or without; undefined for the first.
 */
async function startOfStage(
  { fresh, architecture }: Stage,
  plan: RunPlan,
  last: Checkpoint | undefined,
  runs: string,
  stage: number,
): Promise<Checkpoint | undefined> {
  if (!last) return undefined;
  const random = (plan.seed + stage) >>> 0; // other samples than those before
  const progress = { samples: 0, seconds: 0, random };
  if (!fresh && !architecture) return { plan, progress, optimiser: last.optimiser };
  const weights = await startingWeights(plan, checkpointPath(join(runs, `stage-${stage}`)));
  return { plan, ...startOf(weights, plan), progress };
}
