#!/usr/bin/env node
/**
 * The `zippynet` command. As an installed package it runs dist/cli.js, on any Node that package.json allows. In a
 * checkout it runs src/cli/main.ts on Node 24, which the dependencies bring, and installs them first if there are none.
 * Arguments, streams, signals and the exit code pass through.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const main = here("src/cli/main.ts");

if (existsSync(main)) await runCheckout();
else await import("../dist/cli.js");

async function runCheckout() {
  const node = here(`node_modules/node/bin/node${process.platform === "win32" ? ".exe" : ""}`);
  if (!existsSync(node)) {
    // standard output is the command's own, it may carry a file
    const { status } = spawnSync(process.execPath, [here("scripts/setup.mjs")], { stdio: ["ignore", 2, 2] });
    if (status !== 0 || !existsSync(node)) {
      console.error("zippynet: expected the dependencies to be installed; run npm install");
      process.exit(1);
    }
  }
  if (process.versions.node.startsWith("24.")) {
    await import(new URL("../src/cli/main.ts", import.meta.url));
    return;
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  // Ctrl-C reaches both processes by itself; sent on, the child would take it for a second, impatient one
  const terminal = process.stdin.isTTY || process.stderr.isTTY;
  process.on("SIGINT", () => terminal || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (code !== null) process.exit(code);
    process.exit(128 + (constants.signals[signal] ?? 0));
  });
  child.on("error", (error) => {
    console.error(`zippynet: ${error.message}`);
    process.exit(1);
  });
}
