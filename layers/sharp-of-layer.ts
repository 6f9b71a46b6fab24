import { createRequire } from "node:module";
import type Sharp from "sharp";

/**
 * Replaces sharp in the bundled functions. sharp has different binaries for each platform, so it is in a layer.
 * Runtimes differ in how they find modules in layers, so it is loaded by its path, or from the folder that
 * ZIPPYNET_SHARP names.
 */
const folder = process.env["ZIPPYNET_SHARP"] ?? "/opt/nodejs";

export default createRequire(`${folder}/`)("sharp") as typeof Sharp;
