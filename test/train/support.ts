import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
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

/** The pictures of `test/images`, but not the odd ones, in a folder of their own named `images`. */
export const IMAGES = join(mkdtempSync(join(tmpdir(), "zippynet-images-")), "images");
const pictures = fileURLToPath(new URL("../images", import.meta.url));
const names = readdirSync(pictures).filter((name) => name.endsWith(".png"));
export const IMAGE_COUNT = names.length;
cpSync(pictures, IMAGES, {
  recursive: true,
  filter: (path) => path === pictures || names.includes(basename(path)),
});
process.once("exit", () => rmSync(dirname(IMAGES), { recursive: true }));
