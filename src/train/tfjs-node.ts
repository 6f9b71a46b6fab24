import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where `npm run tfjs-node` puts the binding. */
export const TFJS_NODE_FOLDER = fileURLToPath(new URL("../../.cache/tfjs-node", import.meta.url));

/** The message for who needs the binding and has none. */
export const HOW_TO_GET_TFJS_NODE =
  "training needs TensorFlow's native binding for Node, @tensorflow/tfjs-node: npm run tfjs-node";

/**
 * Loads TensorFlow's native binding, which registers itself as TensorFlow.js's backend: an installed
 * `@tensorflow/tfjs-node`, else the one in `.cache`. False if there is none.
 */
export async function loadTfjsNode(): Promise<boolean> {
  const require = createRequire(import.meta.url);
  restoreUtil(require("node:util") as Record<string, unknown>);
  // warnings and errors only: it greets at length
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  // its convolutions for CPUs, which TensorFlow 2.9 leaves off on some: up to a third faster
  process.env["TF_ENABLE_ONEDNN_OPTS"] ??= "1";
  for (const from of [fileURLToPath(import.meta.url), join(TFJS_NODE_FOLDER, "package.json")]) {
    if (!existsSync(from)) continue;
    const path = resolve(createRequire(from));
    if (!path) continue;
    require(path);
    const { setBackend, ready } = await import("@tensorflow/tfjs-core");
    await setBackend("tensorflow");
    await ready();
    return true;
  }
  return false;
}

function resolve(require: NodeJS.Require): string | undefined {
  try {
    return require.resolve("@tensorflow/tfjs-node");
  } catch {
    return undefined;
  }
}

/** tfjs-node 4.22 calls functions that `util` loses from Node 23 on. */
function restoreUtil(util: Record<string, unknown>): void {
  util["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  util["isArray"] = Array.isArray; // still there in Node 24, with a warning
}
