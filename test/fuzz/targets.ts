import type { Target } from "./target.ts";

/** Names on the command line, and where they are. */
export const TARGETS: Readonly<Record<string, () => Promise<Target>>> = {
  images: async () => (await import("./images.ts")).images(),
  zn: async () => (await import("./zn.ts")).zn(),
};
