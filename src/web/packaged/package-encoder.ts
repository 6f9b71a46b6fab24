import type { RolePlace } from "../browser/protocol.ts";
import { modelsBeside } from "./beside.ts";
import { importDefaultEncoder } from "./default-encoder.ts";

/** The encoder of the package, in words that bundlers know. */
export const encoderPlace: RolePlace = {
  role: "encoder",
  start: (base) =>
    base
      ? new Worker(new URL("encoder.worker.js", base), { type: "module", name: "zippynet-encoder" })
      : new Worker(new URL("./encoder.worker.js", import.meta.url), {
          type: "module",
          name: "zippynet-encoder",
        }),
  models: async (base) => modelsBeside(base, await importDefaultEncoder()),
  here: async () => (await import("../browser/worker/encoding.ts")).serveEncoder,
};
