import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where scripts/install-ministack.ts puts the emulator; outside node_modules, so that `npm ci` leaves it alone. */
export const MINISTACK_FOLDER = fileURLToPath(new URL("../../.cache/ministack", import.meta.url));

/** The Python that has it. */
export const PYTHON = join(MINISTACK_FOLDER, "bin/python");
