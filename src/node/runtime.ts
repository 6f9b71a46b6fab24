import { Worker, type WorkerOptions } from "node:worker_threads";
import { findModels } from "../model/folder.ts";
import type { ModelLocation } from "../model/models.ts";
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
  if (current) return current;
  const starting = start(plan).catch((error: unknown) => {
    if (current === starting) current = undefined; // settings may have changed since
    throw error;
  });
  current = starting;
  return starting;
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
