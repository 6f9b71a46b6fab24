import type { BuildOptions } from "esbuild";

/** Browsers since 2023. */
export const COMMON = {
  bundle: true,
  minify: true,
  platform: "browser",
  target: ["chrome109", "firefox115", "safari16.4"],
  legalComments: "none",
  logLevel: "warning",
} as const satisfies BuildOptions;
