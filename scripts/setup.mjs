/**
 * Set-up for `npm start` and `npm test`: installs what package-lock.json lists if it is not installed yet. Plain
 * JavaScript, because it runs on whatever Node a fresh machine has (20 or later).
 *
 * `node scripts/setup.mjs FILE ARGUMENT…` then runs a file on the Node of the dependencies. (`setup && node FILE` would
 * not: a shell remembers where it found `node`, which on the first run is the machine's own.)
 */
import { spawn, spawnSync } from "node:child_process";
import { lstatSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** When a file of the checkout was last written, in milliseconds; 0 if it is not there. */
const written = (path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`expected Node 20 or later, got ${process.version}`);
  process.exit(1);
}

// npm writes its own list of what it installed last of all; a second covers the time between its two files
const installed = "node_modules/.package-lock.json";
if (written(installed) + 1000 < written("package-lock.json")) {
  if (lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
    console.error(
      "The dependencies are out of date, and node_modules is a link: npm would empty what it points to. Install there.",
    );
    process.exit(1);
  }
  console.log("Installing the dependencies (a minute or two, once) …");
  const options = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm, ...options]] : ["npm", options];
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: !npm && process.platform === "win32",
  });
  if (status !== 0) {
    console.error("The dependencies could not be installed; the lines above say why.");
    process.exit(1);
  }
  const now = new Date();
  utimesSync(join(root, installed), now, now);
}

if (process.argv.length > 2) {
  const node = join(root, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");
  const child = spawn(node, process.argv.slice(2), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // a signal to npm ends npm's shell, which does not pass it on: being left by one's parent is a signal too
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 500).unref();
  child.on("exit", (code) => process.exit(code ?? 1));
}
