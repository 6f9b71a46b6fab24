import { modelsBeside } from "../../model/package.ts";
import type { RolePlace } from "../browser/protocol.ts";
import { importDefaultDecoder } from "./default-decoder.ts";

/** Where the decoder of the package is. Bundlers find the worker by `new Worker(new URL(…, import.meta.url))`. */
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
