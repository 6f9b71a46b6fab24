import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Command } from "commander";
import { ZippyNetError } from "../../codec/errors.ts";
import { type Architecture, DEFAULT_ARCHITECTURE } from "../../codec/network/architecture.ts";
import { isFolder } from "../../folders.ts";
import { modelsFolder } from "../../model/folder.ts";
import { licenceOf, parseManifest } from "../../model/manifest.ts";
import { type Checkpoint, checkpointPath, readCheckpoint } from "../../train/checkpoint.ts";
import { openEngine } from "../../train/engine.ts";
import { numberAt } from "../../train/export/destination.ts";
import { ENGINE, LEARNING_RATE, LOOK_RATE, type RunPlan, usedShare } from "../../train/plan.ts";
import { parseRecipe } from "../../train/recipe.ts";
import { exportRun, makeFromRecipe, runSession, type Watch } from "../../train/session.ts";
import { placeOfInit, refuseEarlierRun } from "../../train/start.ts";
import { usage } from "../options.ts";
import { budgetOf, refuseIgnored, refuseProcesses } from "./checks.ts";
import { trainLookOf } from "./look.ts";
import type { TrainOptions } from "./options.ts";
import {
  endLine,
  reportEarlyStop,
  reportStop,
  say,
  show,
  showDecoding,
  showImages,
  showModel,
} from "./show.ts";

/** `zippynet train`, as it was called. */
export async function trainAsAsked(...call: [readonly string[], TrainOptions, Command]): Promise<void> {
  try {
    await trained(...call);
  } catch (error) {
    if (!(error instanceof Error && error.name === "AbortError")) throw error;
    reportEarlyStop();
  } finally {
    endLine();
  }
}

async function trained(folders: readonly string[], given: TrainOptions, command: Command): Promise<void> {
  const options = given.init === undefined ? given : { ...given, init: await placeOfInit(given.init) };
  refuseIgnored(command, options);
  if (options.recipe) return fromRecipe(folders, options, command);
  if (options.look) {
    const plan = await newPlan(folders, options, command);
    return trainLookOf(plan, options, command, watchOf(options));
  }
  if (!options.domain) {
    usage(
      command,
      "expected --domain or --recipe, as in: zippynet train photos/ --domain avatars --minutes 240",
    );
  }
  const domain = options.domain;
  const run = join(options.runs, domain);
  const budget = budgetOf(command, options);
  if ((options.exportOnly || options.resume) && folders.length > 0) {
    usage(command, "--resume and --export-only take the folders from the checkpoint");
  }
  const from = options.resume || options.exportOnly ? await readCheckpoint(checkpointPath(run)) : undefined;
  if (!from && folders.length === 0) usage(command, "expected folders of images");
  if (!from) await refuseEarlierRun(run, budget);
  const out = options.out ?? (await usualPlace(domain));
  await numberAt(out, domain, options.number); // throws now, not after hours of training
  const exported = async (checkpoint: Checkpoint) => {
    const { terms, description, orientations } = options;
    const manifest = await exportRun(
      out,
      checkpoint,
      join(run, "log.jsonl"),
      {
        name: domain,
        number: await numberAt(out, domain, options.number),
        licence: licenceOf(options),
        terms,
        ...(description && { description }),
        ...(orientations && { orientations }),
      },
      showDecoding(),
    );
    showModel(manifest, out);
  };
  const plan = from ? resumedPlan(from.plan, options) : await newPlan(folders, options, command);
  if (from && options.exportOnly) return exported({ ...from, plan });
  const engine = plan.engine ?? ENGINE;
  if (engine !== "torch") refuseProcesses(command);
  if (from && usedShare(budget, from.progress) >= 1) {
    const { seconds, samples } = from.progress;
    const had = "minutes" in budget ? `${(seconds / 60).toFixed(1)} minutes` : `${samples} samples`;
    say(`the run already had ${had}: to go on, ask for more`);
  }
  const last = await runSession(await openEngine(engine, options.processes), {
    plan,
    folder: run,
    budget,
    ...(from && { from }),
    ...(options.init && { init: options.init }),
    ...watchOf(options),
  });
  if (!last.finished) return reportStop(run);
  await exported(last);
}

/** `--recipe`: trains all stages that are not done yet. */
async function fromRecipe(
  folders: readonly string[],
  options: TrainOptions,
  command: Command,
): Promise<void> {
  if (folders.length > 0 || !options.data) {
    usage(command, "expected --recipe with --data, the folder of its sets, and no other folders");
  }
  const json = await readFile(options.recipe!, "utf8").catch((cause: unknown) => {
    throw new ZippyNetError("bad-option", `--recipe: expected a file at ${options.recipe}`, { cause });
  });
  const recipe = parseRecipe(json);
  const out = options.out ?? (await usualPlace(recipe.name));
  await numberAt(out, recipe.name, recipe.number);
  const manifest = await makeFromRecipe({
    recipe,
    data: options.data,
    runs: join(options.runs, recipe.name),
    out,
    ...(!options.exportOnly && { engineOf: (name) => openEngine(name, options.processes) }),
    ...(options.engine && { engine: options.engine }),
    ...watchOf(options),
  });
  if (!manifest) return reportStop(join(options.runs, recipe.name));
  showModel(manifest, out);
}

/** Beside the other models. An installed package has no folder of them: there it is `models`, where the command runs. */
async function usualPlace(name: string): Promise<string> {
  const folder = modelsFolder();
  const isNamed = Boolean(process.env["ZIPPYNET_MODELS"]); // it may be made only now
  return join(isNamed || (await isFolder(folder)) ? folder : "models", name);
}

async function newPlan(
  folders: readonly string[],
  options: TrainOptions,
  command: Command,
): Promise<RunPlan> {
  const { sizes, batch, shares, whole, middle, colour, grey, cut } = options;
  const each = { shares: shares?.length, cut: typeof cut === "string" ? undefined : cut.length };
  for (const [name, count] of Object.entries(each)) {
    if (count !== undefined && count !== folders.length) {
      usage(command, `--${name}: expected one of each of ${folders.length} folders, got ${count}`);
    }
  }
  return {
    folders: folders.map((folder) => resolve(folder)),
    architecture: await architectureOf(options),
    engine: options.engine ?? ENGINE,
    seed: options.seed,
    sampling: {
      cut,
      ...(sizes && { sizes }),
      ...(batch && { batch }),
      ...(shares && { shares }),
      ...(whole !== undefined && { whole }),
      ...(middle !== undefined && { middle }),
      ...(colour !== undefined && { colour }),
      ...(grey !== undefined && { grey }),
    },
    heldOut: options.holdout,
    rate: options.lr ?? (options.look ? LOOK_RATE : LEARNING_RATE),
    ...(options.flat !== undefined && { flat: options.flat }),
    ...(options.only && { only: options.only }),
    ...(options.bits && { bits: options.bits }),
    ...(options.init && { init: basename(options.init) }),
  };
}

function resumedPlan(plan: RunPlan, { engine, bits, lr, flat }: TrainOptions): RunPlan {
  return {
    ...plan,
    ...(engine && { engine }),
    ...(bits && { bits }),
    ...(lr && { rate: lr }),
    ...(flat !== undefined && { flat }),
  };
}

/** A signal stops the training after the current step. */
function watchOf({ checkpointMinutes, evaluateMinutes }: TrainOptions): Watch {
  const stop = new AbortController();
  const onSignal = () => {
    say("stopping after this step; --resume goes on, or the same command with --recipe or --look");
    stop.abort();
  };
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  return {
    checkpointMinutes,
    evaluateMinutes,
    signal: stop.signal,
    onReport: show,
    onDecode: showDecoding(),
    onImages: showImages,
  };
}

/** The architecture of `--architecture`, else that of the model to start from. */
async function architectureOf({ architecture, init }: TrainOptions): Promise<Architecture> {
  const path = architecture ?? (init && (await isFolder(init)) ? join(init, "manifest.json") : undefined);
  if (!path) return DEFAULT_ARCHITECTURE;
  const json = await readFile(path, "utf8").catch((cause: unknown) => {
    const option = architecture ? "--architecture" : "--init";
    throw new ZippyNetError("bad-option", `${option}: expected a manifest at ${path}`, { cause });
  });
  return parseManifest(json).architecture;
}
