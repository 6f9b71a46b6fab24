import { modelsBeside } from "../../model/package.ts";
import type { RolePlace } from "../browser/protocol.ts";
import { importDefaultEncoder } from "./default-encoder.ts";

/** Where the encoder of the package is. Bundlers find the worker by `new Worker(new URL(…, import.meta.url))`. */
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
