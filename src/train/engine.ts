import { ZippyNetError } from "../codec/errors.ts";
import type { EngineName } from "./plan.ts";
import { findPython } from "./python.ts";
import type { RunOptions, Trained } from "./run.ts";
import { HOW_TO_GET_TFJS_NODE, loadTfjsNode } from "./tfjs-node.ts";
import { trainWithTorch } from "./torch.ts";

/** Trains until the budget is used or the signal comes; leaves a checkpoint and a log in the run's folder. */
export type Engine = (options: RunOptions) => Promise<Trained>;

/**
 * Throws `bad-option` with what to install where the engine is not.
 * @param processes that share each step; PyTorch's only
 */
export async function openEngine(name: EngineName, processes = 1): Promise<Engine> {
  if (name === "torch") {
    const python = await findPython();
    return (options) => trainWithTorch(options, { python, processes });
  }
  const { train } = await import("./run.ts"); // it needs TensorFlow, which PyTorch's users may not have
  if (!(await loadTfjsNode())) throw new ZippyNetError("bad-option", HOW_TO_GET_TFJS_NODE);
  return train;
}
