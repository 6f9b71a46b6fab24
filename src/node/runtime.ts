import { Worker, type WorkerOptions } from "node:worker_threads";
import { infoOfModel, type ModelInfo } from "../api/models.ts";
import { assertKnown } from "../api/options.ts";
import { assertWithin, badOption } from "../codec/errors.ts";
import { findModels, modelsIn } from "../model/folder.ts";
import type { ModelLocation } from "../model/models.ts";
import type { ModelPackage } from "../model/package.ts";
import { locationOfPackage } from "../model/packages.ts";
import { Engine, type ResultOf, type Task } from "./engine.ts";
import { Pool, usualThreads } from "./pool.ts";

/** What does the work. It is made for the first call, and again when settings change. */
export interface Runtime {
  readonly locations: readonly ModelLocation[];
  readonly engine: Engine;
  /** Undefined if the caller's thread does everything. */
  readonly pool: Pool<Task, ResultOf<Task>> | undefined;
  /** Pictures that can be in work at a time. */
  readonly threads: number;
}

/** Where models come from, and how many threads encode. */
export interface Plan {
  readonly locate: () => Promise<readonly ModelLocation[]>;
  readonly threads: number;
}

let plan: Plan = { locate: findModels, threads: usualThreads() };
let current: Promise<Runtime> | undefined;

/** Changes the plan for all calls that follow. */
export function replan(change: Partial<Plan>): void {
  plan = { ...plan, ...change };
  current = undefined;
}

/** Throws `bad-model` where there are no models; a failed start is tried again. */
export function runtime(): Promise<Runtime> {
  current ??= start(plan).catch((error: unknown) => {
    current = undefined;
    throw error;
  });
  return current;
}

const openThread = (options: WorkerOptions): Worker =>
  new Worker(new URL("./thread.ts", import.meta.url), options);

async function start({ locate, threads }: Plan): Promise<Runtime> {
  const locations = await locate();
  const pool =
    threads === 0
      ? undefined
      : new Pool<Task, ResultOf<Task>>(openThread, { size: threads, data: locations });
  return { locations, engine: new Engine(locations), pool, threads: Math.max(1, threads) };
}

export interface Settings {
  /**
   * The models to use: what packages `@zippynet/model-NAME` export, or the path of a folder with one sub-folder each.
   * Unless told: the folder that ZIPPYNET_MODELS names, else all packages that are installed.
   */
  readonly models?: readonly ModelPackage[] | string | undefined;
  /**
   * Threads that encode, 0–64; 0 encodes in the caller's own. One less than there are cores, at most four, unless told.
   */
  readonly threads?: number | undefined;
  /** In a page: the folder of the files of `zippynet assets`. In Node it has no effect. */
  readonly base?: string | { readonly href: string } | undefined;
}

/** Changes settings for all calls that follow. Settings that are not given stay. Throws `bad-option`. */
export function configure(settings: Settings): void {
  assertKnown(settings, ["models", "threads", "base"]);
  const { models, threads } = settings;
  if (threads !== undefined) assertWithin("threads", threads, 0, 64);
  if (models !== undefined && typeof models !== "string" && !Array.isArray(models))
    throw badOption("expected models as packages or the path of a folder", models);
  replan({
    ...(threads !== undefined && { threads }),
    ...(models !== undefined && {
      locate:
        typeof models === "string"
          ? () => modelsIn(models)
          : () => Promise.all(models.map(locationOfPackage)),
    }),
  });
}

/** The models that are here, by number. Throws `bad-model` if there are none. */
export async function listModels(): Promise<ModelInfo[]> {
  const { locations } = await runtime();
  return locations.map(({ manifest }) => infoOfModel(manifest)).sort((a, b) => a.number - b.number);
}
