import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolders } from "../folders.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Milliseconds that the service may take to stop before it is killed. */
const KILL_AFTER = 5000;

export interface RunOptions {
  readonly apiPort: number;
  readonly s3Port: number;
  /** Any free port, for the invocations. */
  readonly lambdaPort: number;
  /** The folder for `local.json` and the objects. */
  readonly folder: string;
  /** Shows the output of osls and serverless-offline. Otherwise only the log of the functions is shown. */
  readonly verbose: boolean;
  /** Stops the start. */
  readonly abort: AbortSignal;
}

/** A local service in a process of its own: `osls offline` with the serverless.yml of the project. */
export class RunningService {
  readonly service: LocalService;
  /** Settles when the process has ended; with its last output if it was not asked to end. */
  readonly ended: Promise<string | undefined>;
  readonly #child: ChildProcess;
  readonly #file: string;
  #stopping = false;

  private constructor(child: ChildProcess, service: LocalService, file: string, lastWords: () => string) {
    this.service = service;
    this.#child = child;
    this.#file = file;
    this.ended = ending(child).then(async () => {
      await rm(file, { force: true });
      return this.#stopping ? undefined : lastWords();
    });
  }

  /**
   * Resolves when the service is ready and `local.json` is written. If it does not start, rejects with the output of
   * osls.
   */
  static async start(options: RunOptions): Promise<RunningService> {
    const file = join(options.folder, "local.json");
    await makeFolders(options.folder);
    await rm(file, { force: true });
    const osls = createRequire(import.meta.url).resolve("osls/bin/serverless.js");
    const ports = ["--httpPort", String(options.apiPort), "--lambdaPort", String(options.lambdaPort)];
    const child = spawn(
      process.execPath,
      [osls, "offline", "start", "--stage", "local", "--host", "127.0.0.1", ...ports],
      {
        cwd: ROOT,
        env: {
          ...process.env,
          ZIPPYNET_LOCAL: options.folder,
          ZIPPYNET_S3_PORT: String(options.s3Port),
          SLS_TELEMETRY_DISABLED: "1",
          SLS_NOTIFICATIONS_MODE: "off",
        },
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        detached: true, // only this process handles Ctrl-C; it then stops the child
      },
    );
    let [said, ready] = ["", false];
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000);
      if (options.verbose) process.stderr.write(text);
    });
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      if (ready || options.verbose) process.stdout.write(text);
    });
    options.abort.addEventListener("abort", () => ready || child.kill("SIGTERM"), { once: true });
    const service = await Promise.race([
      once(child, "message").then(([message]) => message as LocalService),
      ending(child).then(() => undefined),
    ]);
    if (!service) throw new Error(`the local service did not start:\n${said.trim()}`);
    ready = true;
    const draft = `${file}.new`;
    await writeFile(draft, `${JSON.stringify(service, undefined, 2)}\n`);
    await rename(draft, file); // renamed into place, so that nobody reads half of the file
    return new RunningService(child, service, file, () => said.trim());
  }

  /** Ends the process; resolves when it has ended and `local.json` is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await rm(this.#file, { force: true });
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), KILL_AFTER);
    await this.ended;
    clearTimeout(timer);
  }
}

async function ending(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** The addresses of the local service, as in `.zippynet/local.json`, which exists while it runs. */
export interface LocalService {
  readonly s3: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  readonly uploadsBucket: string;
  readonly latentsBucket: string;
  readonly apiUrl: string;
}

/**
 * The service that runs with this folder, if one does. A `local.json` may also be left by one that was killed: its S3
 * does not answer, or knows no such bucket.
 */
export async function runningIn(folder: string): Promise<LocalService | undefined> {
  try {
    const service = JSON.parse(await readFile(join(folder, "local.json"), "utf8")) as LocalService;
    const answer = await fetch(service.s3.endpoint, { signal: AbortSignal.timeout(2000) });
    return (await answer.text()).includes(`<Name>${service.uploadsBucket}</Name>`) ? service : undefined;
  } catch {
    return undefined;
  }
}

/** The port if it is free on 127.0.0.1; for 0, any free port; undefined if something listens there. */
export function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(port, "127.0.0.1", () => {
      const { port: free } = server.address() as AddressInfo;
      server.close(() => resolve(free));
    });
  });
}
