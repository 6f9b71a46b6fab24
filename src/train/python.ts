import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ZippyNetError } from "../codec/errors.ts";

/** Where the trainer in PyTorch is. */
export const TORCH_FOLDER = fileURLToPath(new URL("../../tools/torch", import.meta.url));

/** The message for who needs PyTorch and has none. */
function howToGetTorch(): string {
  const at = relative(process.cwd(), TORCH_FOLDER); // in a project that installed the package it is under node_modules
  return `--engine torch needs Python 3.10 or later with PyTorch: python3 -m venv ${at}/.venv && ${at}/.venv/bin/pip install -r ${at}/requirements.txt; another Python is named by ZIPPYNET_PYTHON`;
}

/**
 * A Python with PyTorch: what ZIPPYNET_PYTHON names, else the one of `tools/torch/.venv`, else `python3`. Throws
 * `bad-option` with what to install if it has none.
 */
export async function findPython(): Promise<string> {
  const own = join(TORCH_FOLDER, ".venv", "bin", "python");
  const python = process.env["ZIPPYNET_PYTHON"] ?? (existsSync(own) ? own : "python3");
  await promisify(execFile)(python, ["-c", "import torch"]).catch((cause: Error & { stderr?: string }) => {
    const why = (cause.stderr ?? "").trim().split("\n").at(-1) || cause.message;
    throw new ZippyNetError("bad-option", `${howToGetTorch()} (${python}: ${why})`, { cause });
  });
  return python;
}

export interface PythonOptions {
  /** Makes it stop after the step that it is at; it does not begin after one that came before. */
  readonly signal?: AbortSignal;
  readonly onLine: (line: unknown) => void;
  /** Processes that train together; 1 by default. The first of them alone prints lines and writes files. */
  readonly processes?: number;
}

/**
 * Runs a module of `tools/torch` to its end and hands on the lines of JSON that it prints. Throws `bad-option` if it
 * fails; what it says of that is on stderr.
 */
export async function runPython(
  python: string,
  args: readonly string[],
  { signal, onLine, processes = 1 }: PythonOptions,
): Promise<void> {
  if (signal?.aborted) return;
  const [env, ...furtherEnvs] = await environments(processes);
  const first = start(python, args, env!);
  const others = furtherEnvs.map((each) => start(python, args, each, { isFurther: true }));
  let failure: Ending | undefined; // of another one, for which the first would wait
  for (const other of others) {
    other.ended.then(
      (code) => {
        if (code === 0) return;
        failure ??= code;
        first.child.kill("SIGKILL");
      },
      () => first.child.kill("SIGKILL"),
    );
  }
  const stop = () => first.child.kill("SIGTERM"); // which tells the others after its step
  signal?.addEventListener("abort", stop);
  let code: Ending;
  try {
    for await (const line of createInterface({ input: first.child.stdout as Readable })) {
      if (line.startsWith("{")) onLine(JSON.parse(line));
    }
    code = await first.ended;
    if (code !== 0) code = failure ?? code;
  } catch (error) {
    stop();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    for (const { child } of others) child.kill("SIGKILL"); // they have nothing to save
    await Promise.allSettled(others.map(({ ended }) => ended));
  }
  // it was still loading PyTorch, and knew of no signals
  if (signal?.aborted && (code === "SIGTERM" || code === "SIGINT")) return;
  if (code !== 0) throw new ZippyNetError("bad-option", `PyTorch ended with ${code}; see above`);
}

/** Exit code of a process, or the signal that ended it. */
type Ending = number | string | null;

/**
 * Starts Python.
 * @param isFurther of processes that train together, one that is not the first: in a session of its own, where Ctrl-C
 *   of the terminal does not reach it
 */
function start(
  python: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { isFurther = false }: { readonly isFurther?: boolean } = {},
) {
  const stdout = isFurther ? "ignore" : "pipe";
  const child = spawn(python, args, { env, stdio: ["ignore", stdout, "inherit"], detached: isFurther });
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, killedBy) => resolve(code ?? killedBy));
  });
  ended.catch(() => undefined); // it is waited for later
  return { child, ended };
}

/**
 * The environments of processes that train together: what `torchrun` would set. That is not used, since a second
 * signal, as Ctrl-C sends one to all, makes it leave processes behind.
 */
async function environments(processes: number): Promise<NodeJS.ProcessEnv[]> {
  const env = { ...process.env, PYTHONPATH: TORCH_FOLDER };
  if (processes === 1) return [env];
  const threads = Math.max(1, Math.floor(availableParallelism() / processes));
  const meeting = { MASTER_ADDR: "127.0.0.1", MASTER_PORT: `${await freePort()}` };
  return Array.from({ length: processes }, (_, rank) => ({
    ...{ OMP_NUM_THREADS: `${threads}`, ...env, ...meeting },
    ...{ WORLD_SIZE: `${processes}`, RANK: `${rank}`, LOCAL_RANK: `${rank}` },
  }));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
