import { createRequire } from "node:module";
import type Sharp from "sharp";

/**
 * Takes the place of sharp in the bundled functions. sharp has binaries, one set a platform, and comes in a layer; how
 * a runtime finds modules in layers differs, so it is loaded by its path, or from the folder that ZIPPYNET_SHARP names.
 */
const folder = process.env["ZIPPYNET_SHARP"] ?? "/opt/nodejs";

export default createRequire(`${folder}/`)("sharp") as typeof Sharp;
