import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Architecture } from "../../src/codec/network/architecture.ts";
import { HOW_TO_GET_TFJS_NODE, loadTfjsNode } from "../../src/train/tfjs-node.ts";

/** Small enough to train in seconds. */
export const TINY: Architecture = {
  latentChannels: 8,
  slices: 2,
  analysis: { widths: [8, 16, 16], blocks: [1, 1, 1] },
  synthesis: { widths: [8, 16, 16], blocks: [1, 1, 1] },
  prior: { hidden: 8 },
};

/** Option of a test that needs the native binding: why it is skipped, or false. */
export const withoutBinding: string | false = (await loadTfjsNode()) ? false : HOW_TO_GET_TFJS_NODE;

export const IMAGES = fileURLToPath(new URL("../images", import.meta.url));
export const IMAGE_COUNT = readdirSync(IMAGES).filter((name) => name.endsWith(".png")).length;
