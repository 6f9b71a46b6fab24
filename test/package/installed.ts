import { execFile, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PNG = join(ROOT, "test/images/face-hat-64.png");

/** What is installed for all tests: the examples from the tarballs, and the tools that use them. */
export interface Installed {
  readonly folder: string;
  readonly tarballs: readonly string[];
  /** Tarball of `zippynet`, and of the model that it depends on. */
  readonly own: { readonly library: string; readonly model: string };
  readonly modelPackage: string;
  /** A picture of that model, as `zippynet inline` prints it. */
  readonly picture: string;
}

let installing: Promise<Installed> | undefined;

/** Packs and installs once. */
export function installed(): Promise<Installed> {
  installing ??= install();
  return installing;
}

async function install(): Promise<Installed> {
  const tarballs = (await run("node", ["scripts/build/pack.ts"], ROOT)).stdout.trim().split("\n");
  const folder = await mkdtemp(join(tmpdir(), "zippynet-package-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  await cp(join(ROOT, "examples"), join(folder, "examples"), {
    recursive: true,
    filter: (path) => !path.includes("node_modules"),
  });
  const library = tarballs.find((path) => basename(path).startsWith("zippynet-0"))!;
  const staged = JSON.parse(await readFile(join(ROOT, ".cache/packages/zippynet/package.json"), "utf8"));
  const modelPackage = Object.keys(staged.dependencies).find((name) => name.startsWith("@zippynet/model-"))!;
  const model = tarballs.find((path) =>
    basename(path).startsWith(`zippynet-${modelPackage.split("/")[1]}-${staged.version}`),
  )!;
  const tools = JSON.parse(await readFile(new URL("./tools.json", import.meta.url), "utf8"));
  const dependencies = { zippynet: `file:${library}`, [modelPackage]: `file:${model}` };
  await writeFile(join(folder, "package.json"), JSON.stringify({ ...tools, dependencies }));
  await npmInstall(folder);
  const cli = join(folder, "node_modules/zippynet/bin/zippynet.js");
  const picture = (await run("node", [cli, "inline", PNG], folder)).stdout.trim();
  return { folder, tarballs, own: { library, model }, modelPackage, picture };
}

/** Nothing of the project's own settings reaches the package manager or what it starts, but whom the network trusts. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const isOwn = (name: string) => /^(npm_|ZIPPYNET_|NODE_)/.test(name) && name !== "NODE_EXTRA_CA_CERTS";
  const entries = Object.entries(process.env).filter(([name]) => !isOwn(name));
  return {
    ...Object.fromEntries(entries),
    NEXT_TELEMETRY_DISABLED: "1",
    WRANGLER_SEND_METRICS: "false",
    CI: "1",
  };
}

export async function npmInstall(folder: string, ...more: readonly string[]): Promise<void> {
  await run(
    "npm",
    ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error", ...more],
    folder,
  );
}

/** A folder of its own, with some files. */
export async function freshFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "zippynet-fresh-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  await writeFiles(folder, files);
  return folder;
}

export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

/** Runs to the end. `node` is this one; what fails throws with all that it said. */
export async function run(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const path = command === "node" ? process.execPath : command;
  try {
    return await promisify(execFile)(path, [...args], { cwd, env: cleanEnvironment(), maxBuffer: 1 << 26 });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(" ")}\n${stdout.slice(-4000)}\n${stderr.slice(-4000)}`);
  }
}

/** A server that runs until `stop`; waits until its URL answers. */
export async function startServer(
  command: string,
  args: readonly string[],
  cwd: string,
  { url, port }: { readonly url: string; readonly port: number },
): Promise<{ stop(): void }> {
  const path = command === "node" ? process.execPath : command;
  const env = { ...cleanEnvironment(), PORT: String(port) };
  const child = spawn(path, [...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  const stop = (): void => {
    try {
      process.kill(-child.pid!, "SIGKILL"); // a tool's own children go with it
    } catch {} // it has ended
  };
  for (let tries = 0; tries < 240; tries++) {
    if (child.exitCode !== null) throw new Error(`${command} ${args.join(" ")} ended\n${said}`);
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return { stop };
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  stop();
  throw new Error(`${url} did not answer\n${said}`);
}

/** Bytes of all files of a folder but those that a pattern names. */
export async function bytesIn(folder: string, leftOut: RegExp): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  let sum = 0;
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !leftOut.test(path)) sum += (await readFile(path)).length;
  }
  return sum;
}
