import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const THIS = fileURLToPath(import.meta.url);
const STEPS = 5;

/** Milliseconds an image of a training step on 42×42, in a process of its own; undefined without tfjs-node. */
export async function timeTrainingStep(): Promise<number | undefined> {
  const { stdout } = await promisify(execFile)(process.execPath, [THIS]);
  const last = stdout.trim().split("\n").at(-1)!;
  return last === "none" ? undefined : Number(last);
}

async function run(): Promise<string> {
  const { loadTfjsNode } = await import("../../train/tfjs-node.ts");
  if (!(await loadTfjsNode())) return "none";
  const { DEFAULT_ARCHITECTURE } = await import("../../codec/network/architecture.ts");
  const { initialState } = await import("../../train/optimiser/state.ts");
  const { initialise, layoutOf } = await import("../../train/network/parameters.ts");
  const { Random } = await import("../../train/data/random.ts");
  const { Sampler } = await import("../../train/data/sampler.ts");
  const { Trainer } = await import("../../train/trainer.ts");
  const { median } = await import("./rows.ts");

  const random = new Random(1);
  const side = 64;
  const data = new Uint8Array(side * side * 3).map((_, i) => i * i);
  const sampler = new Sampler([[{ width: side, height: side, data }]], random, { cut: "aligned" });
  const start = initialState(layoutOf(DEFAULT_ARCHITECTURE).slots, initialise(DEFAULT_ARCHITECTURE, 1));
  const trainer = new Trainer(DEFAULT_ARCHITECTURE, start);
  const times: number[] = [];
  // sizes are drawn; only steps of 42 pixels count, and the first of them not
  for (let counted = -1; counted < STEPS; ) {
    const batch = sampler.next();
    if (batch.width !== 42) continue;
    const noise = sampler.noise(trainer.latents(batch));
    const began = performance.now();
    trainer.step(batch, noise, 1e-4);
    if (counted++ >= 0) times.push((performance.now() - began) / batch.levels.length);
  }
  return String(median(times));
}

if (process.argv[1] === THIS) console.log(await run());
