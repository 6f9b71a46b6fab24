/**
 * Feeds one target until its time is over. Started by main.ts, which sees it crash or hang, and keeps what it was fed
 * with last.
 */
import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { type Mutation, mutation } from "./mutation.ts";
import { describe } from "./target.ts";
import { TARGETS } from "./targets.ts";

const [name = "", seed = "0", seconds = "0", current = ""] = process.argv.slice(2);
/** What one small file may add to the memory of the process, in bytes. */
const MEMORY = 400 * 1024 * 1024;

const target = await TARGETS[name]!();
const deadline = Date.now() + Number(seconds) * 1000;
let runs = 0;
let since = 0;
let peak = process.memoryUsage.rss();

export type Report =
  | { readonly kind: "alive"; readonly runs: number; readonly since: number }
  | { readonly kind: "found"; readonly bytes: string; readonly why: string };

const report = (message: Report): void => void process.send?.(message);
/**
 * How often it says that it is alive. Files that are refused at once leave no turn to a timer: it is said between
 * files.
 */
const BEAT = 500;
let said = 0;

async function feed(bytes: Uint8Array): Promise<void> {
  writeFileSync(current, bytes);
  since = Date.now();
  runs++;
  if (since - said > BEAT) {
    said = since;
    report({ kind: "alive", runs, since });
    await new Promise((resolve) => setImmediate(resolve));
  }
  await target.run(bytes);
  const memory = process.memoryUsage.rss();
  const more = memory - peak;
  peak = Math.max(peak, memory);
  if (more > MEMORY) throw new Error(`it took ${Math.round(more / 2 ** 20)} MiB more than any before`);
}

const altered = (file: Uint8Array, other: Uint8Array, mutations: readonly Mutation[]): Uint8Array =>
  mutations.reduce((bytes, mutate) => mutate(bytes, other), file);

const file = fc.constantFrom(...target.seeds);
const property = fc.asyncProperty(
  file,
  file,
  fc.array(mutation, { minLength: 1, maxLength: 6 }),
  (file, other, mutations) => feed(altered(file, other, mutations)),
);

for (let batch = 0; Date.now() < deadline; batch++) {
  const details = await fc.check(property, {
    numRuns: 5000,
    seed: Number(seed) + batch,
    interruptAfterTimeLimit: deadline - Date.now(),
    markInterruptAsFailure: false,
  });
  if (details.failed && details.counterexample) {
    const bytes = Buffer.from(altered(...details.counterexample)).toString("base64");
    report({ kind: "found", bytes, why: describe(details.errorInstance) });
  }
}
process.send?.({ kind: "alive", runs, since: Date.now() } satisfies Report, () => process.exit(0));
