import type { RolePlace } from "../browser/protocol.ts";
import { modelsBeside } from "./beside.ts";
import { importDefaultDecoder } from "./default-decoder.ts";

/** The decoder of the package, in words that bundlers know. */
export const decoderPlace: RolePlace = {
  role: "decoder",
  start: (base) =>
    base
      ? new Worker(new URL("decoder.worker.js", base), { type: "module", name: "zippynet-decoder" })
      : new Worker(new URL("./decoder.worker.js", import.meta.url), {
          type: "module",
          name: "zippynet-decoder",
        }),
  models: async (base) => modelsBeside(base, await importDefaultDecoder()),
  here: async () => (await import("../browser/worker/decoding.ts")).serveDecoder,
};
