import type { ModelLocation } from "../model/models.ts";
import { Engine } from "./engine.ts";
import { serveTasks } from "./pool-thread.ts";

/** A thread of the library's pool. */
serveTasks(async (locations: readonly ModelLocation[]) => {
  const engine = new Engine(locations);
  return (...work: Parameters<Engine["run"]>) => engine.run(...work);
});
